package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// The identity that a forged bundle claims.
const forgedIdentity = "dev@example.test"

// Fulcio's extensions of a certificate: https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
var (
	oidIssuerRaw = oid(1, 3, 6, 1, 4, 1, 57264, 1, 1)
	oidIssuer    = oid(1, 3, 6, 1, 4, 1, 57264, 1, 8)
)

// draft is what goes into a bundle; each defect spoils one thing of it.
type draft struct {
	certificate x509.Certificate
	selfSigned  bool
	timestamp   bool // of the certificate log
}

// defects: what no honest authority would issue. Everything else about such a bundle is right: signed by the true authority, logged in
// the true log, stamped by the true timestamp authority. `none` has no defect: it must verify, or the others say nothing.
var defects = map[string]func(*draft){
	"none": func(*draft) {},
	"certificate-expired": func(d *draft) {
		d.certificate.NotBefore = time.Now().Add(-2 * time.Minute)
		d.certificate.NotAfter = time.Now().Add(-time.Minute)
	},
	"certificate-not-yet-valid": func(d *draft) {
		d.certificate.NotBefore = time.Now().Add(time.Hour)
		d.certificate.NotAfter = time.Now().Add(2 * time.Hour)
	},
	"certificate-of-itself":             func(d *draft) { d.selfSigned = true },
	"certificate-for-servers":           func(d *draft) { d.certificate.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} },
	"certificate-without-identity":      func(d *draft) { d.certificate.EmailAddresses = nil },
	"certificate-without-issuer":        func(d *draft) { d.certificate.ExtraExtensions = nil },
	"certificate-without-log-timestamp": func(d *draft) { d.timestamp = false },
}

func forge(folder, defect, blob, out string) error {
	spoil, known := defects[defect]
	if !known {
		return fmt.Errorf("there is no defect `%s`", defect)
	}
	text, err := os.ReadFile(filepath.Join(folder, "services.json"))
	if err != nil {
		return err
	}
	var up services
	if err := json.Unmarshal(text, &up); err != nil {
		return err
	}
	artifact, err := os.ReadFile(blob)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	certificate, err := forgedCertificate(folder, &up, key, spoil)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(artifact)
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return err
	}
	entry, err := post(up.Rekor+"/api/v2/log/entries", map[string]any{"hashedRekordRequestV002": map[string]any{
		"digest": digest[:],
		"signature": map[string]any{"content": signature, "verifier": map[string]any{
			"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": map[string]any{"rawBytes": certificate},
		}},
	}})
	if err != nil {
		return err
	}
	imprint := sha256.Sum256(signature)
	stamp, err := post(up.Tsa+"/api/v1/timestamp", map[string]any{
		"artifactHash": imprint[:], "certificates": true, "hashAlgorithm": "sha256", "nonce": 1,
	})
	if err != nil {
		return err
	}
	bundle, err := json.Marshal(map[string]any{
		"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
		"verificationMaterial": map[string]any{
			"certificate":               map[string]any{"rawBytes": certificate},
			"tlogEntries":               []any{json.RawMessage(entry)},
			"timestampVerificationData": map[string]any{"rfc3161Timestamps": []any{map[string]any{"signedTimestamp": stamp}}},
		},
		"messageSignature": map[string]any{
			"messageDigest": map[string]any{"algorithm": "SHA2_256", "digest": digest[:]}, "signature": signature,
		},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(out, bundle, 0o644)
}

// forgedCertificate is as Fulcio writes it, but for the defect.
func forgedCertificate(folder string, up *services, key *ecdsa.PrivateKey, spoil func(*draft)) ([]byte, error) {
	authority, chain, err := authorityOf(folder)
	if err != nil {
		return nil, err
	}
	ctKey, err := readKey(filepath.Join(folder, "ct.key"))
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 150))
	if err != nil {
		return nil, err
	}
	issuer, err := asn1.MarshalWithParams(up.Issuer, "utf8")
	if err != nil {
		return nil, err
	}
	d := &draft{timestamp: true, certificate: x509.Certificate{
		SerialNumber: serial, NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(9 * time.Minute),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		EmailAddresses: []string{forgedIdentity},
		ExtraExtensions: []pkix.Extension{
			{Id: oidIssuerRaw, Value: []byte(up.Issuer)}, {Id: oidIssuer, Value: issuer},
		},
	}}
	spoil(d)
	parent, signer := chain, authority
	if d.selfSigned {
		parent, signer = &d.certificate, key
	}
	plain, err := x509.CreateCertificate(rand.Reader, &d.certificate, parent, key.Public(), signer)
	if err != nil || !d.timestamp {
		return plain, err
	}
	parsed, err := x509.ParseCertificate(plain)
	if err != nil {
		return nil, err
	}
	list, err := timestamps(ctKey, chain, parsed.RawTBSCertificate)
	if err != nil {
		return nil, err
	}
	d.certificate.ExtraExtensions = append(d.certificate.ExtraExtensions, pkix.Extension{Id: timestampsList, Value: list})
	return x509.CreateCertificate(rand.Reader, &d.certificate, parent, key.Public(), signer)
}

// timestamps is the extension's value (RFC 6962, 3.3): an octet string of a list of one.
func timestamps(key *ecdsa.PrivateKey, authority *x509.Certificate, tbs []byte) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	l := &certificateLog{key: key, id: sha256.Sum256(der), authority: sha256.Sum256(authority.RawSubjectPublicKeyInfo)}
	now := uint64(time.Now().UnixMilli())
	signature, err := l.sign(tbs, now)
	if err != nil {
		return nil, err
	}
	var one bytes.Buffer
	one.WriteByte(0)
	one.Write(l.id[:])
	_ = binary.Write(&one, binary.BigEndian, now)
	one.Write([]byte{0, 0})
	one.Write(signature)
	var list bytes.Buffer
	_ = binary.Write(&list, binary.BigEndian, uint16(one.Len()+2))
	_ = binary.Write(&list, binary.BigEndian, uint16(one.Len()))
	list.Write(one.Bytes())
	return asn1.Marshal(list.Bytes())
}

func authorityOf(folder string) (*ecdsa.PrivateKey, *x509.Certificate, error) {
	key, err := readKey(filepath.Join(folder, "ca.key"))
	if err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(filepath.Join(folder, "fulcio.pem"))
	if err != nil {
		return nil, nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, nil, fmt.Errorf("no certificate in fulcio.pem")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	return key, certificate, err
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("no key in %s", path)
	}
	return x509.ParseECPrivateKey(block.Bytes)
}

// post sends JSON and gives the body of an answer of success.
func post(address string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	answer, err := http.Post(address, "application/json", bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode/100 != 2 {
		place, _ := url.Parse(address)
		return nil, fmt.Errorf("%s: %s: %s", place.Path, answer.Status, said)
	}
	return said, nil
}
