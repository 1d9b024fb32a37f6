package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// Fulcio's `fileca` takes an encrypted key only.
const caPassword = "local"

// keys are those of the certificate authority (a root, and an intermediate that signs the short-lived certificates, as the public one
// has them), of the logs and of the certificate log.
type keys struct {
	since        time.Time
	intermediate *x509.Certificate
	signer       *ecdsa.PrivateKey
	certificates *ecdsa.PrivateKey
	logV1        *ecdsa.PrivateKey
}

func newKeys(folder string) (*keys, error) {
	k := &keys{since: time.Now().UTC().Add(-5 * time.Minute).Truncate(time.Second)}
	rootKey, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if k.signer, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader); err != nil {
		return nil, err
	}
	if k.certificates, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	if k.logV1, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	authority := func(serial int64, name string, years int) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{Organization: []string{"sigstore.local"}, CommonName: name},
			NotBefore: k.since, NotAfter: k.since.AddDate(years, 0, 0), IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		}
	}
	root := authority(1, "local root", 30)
	root.MaxPathLen = 1
	rootDer, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return nil, err
	}
	if root, err = x509.ParseCertificate(rootDer); err != nil {
		return nil, err
	}
	below := authority(2, "local intermediate", 29)
	below.MaxPathLenZero = true
	below.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	belowDer, err := x509.CreateCertificate(rand.Reader, below, root, k.signer.Public(), rootKey)
	if err != nil {
		return nil, err
	}
	if k.intermediate, err = x509.ParseCertificate(belowDer); err != nil {
		return nil, err
	}
	_, logKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	sec1, err := x509.MarshalECPrivateKey(k.signer)
	if err != nil {
		return nil, err
	}
	//nolint:staticcheck // the only form that Fulcio reads
	encrypted, err := x509.EncryptPEMBlock(rand.Reader, "EC PRIVATE KEY", sec1, []byte(caPassword), x509.PEMCipherAES256)
	if err != nil {
		return nil, err
	}
	certificatesSec1, err := x509.MarshalECPrivateKey(k.certificates)
	if err != nil {
		return nil, err
	}
	logPkcs8, err := x509.MarshalPKCS8PrivateKey(logKey)
	if err != nil {
		return nil, err
	}
	logV1Pkcs8, err := x509.MarshalPKCS8PrivateKey(k.logV1)
	if err != nil {
		return nil, err
	}
	chain := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: belowDer}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDer})...)
	files := map[string][]byte{
		"fulcio.pem":   chain,
		"fulcio.key":   pem.EncodeToMemory(encrypted),
		"ca.key":       pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1}),
		"ct.key":       pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: certificatesSec1}),
		"rekor.key":    pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: logPkcs8}),
		"rekor-v1.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: logV1Pkcs8}),
	}
	publics := map[string]crypto.PublicKey{
		"rekor.pub": logKey.Public(), "rekor-v1.pub": k.logV1.Public(), "ct.pub": k.certificates.Public(),
	}
	for name, public := range publics {
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			return nil, err
		}
		files[name] = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	for name, bytes := range files {
		if err := os.WriteFile(filepath.Join(folder, name), bytes, 0o600); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// oid writes an object identifier as it is spoken of.
func oid(arcs ...int) asn1.ObjectIdentifier { return arcs }
