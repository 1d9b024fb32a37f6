package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"net/http"
	"time"
)

// A certificate transparency log that promises and keeps nothing: `add-pre-chain` of RFC 6962 gives a signed timestamp, which Fulcio
// puts into the certificate. So verifiers need no flag that turns the check of it off.
type certificateLog struct {
	key       *ecdsa.PrivateKey
	id        [32]byte
	authority [32]byte
}

// The extension that makes a certificate a precertificate (RFC 6962, 3.1), and the one that holds the timestamps (3.3).
var (
	poison         = oid(1, 3, 6, 1, 4, 1, 11129, 2, 4, 3)
	timestampsList = oid(1, 3, 6, 1, 4, 1, 11129, 2, 4, 2)
)

// tbsCertificate is RFC 5280's, with what is not looked at left as it is.
type tbsCertificate struct {
	Raw        asn1.RawContent
	Version    int `asn1:"optional,explicit,default:0,tag:0"`
	Serial     *big.Int
	Algorithm  asn1.RawValue
	Issuer     asn1.RawValue
	Validity   asn1.RawValue
	Subject    asn1.RawValue
	PublicKey  asn1.RawValue
	Extensions []pkix.Extension `asn1:"omitempty,optional,explicit,tag:3"`
}

func newCertificateLog(keys *keys) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(keys.certificates.Public())
	if err != nil {
		return "", err
	}
	l := &certificateLog{key: keys.certificates, id: sha256.Sum256(der), authority: sha256.Sum256(keys.intermediate.RawSubjectPublicKeyInfo)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /ct/v1/add-pre-chain", func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Chain [][]byte `json:"chain"`
		}
		err := json.NewDecoder(r.Body).Decode(&request)
		if err != nil || len(request.Chain) == 0 {
			http.Error(w, "no chain", http.StatusBadRequest)
			return
		}
		certificate, err := x509.ParseCertificate(request.Chain[0])
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		now := uint64(time.Now().UnixMilli())
		signature, err := l.sign(certificate.RawTBSCertificate, now)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		reply(w, map[string]any{"sct_version": 0, "id": l.id[:], "timestamp": now, "extensions": "", "signature": signature})
	})
	address, err := listen(mux)
	return "http://" + address, err
}

// sign gives the `DigitallySigned` (RFC 5246, 4.7) of a precertificate's timestamp (RFC 6962, 3.2).
func (l *certificateLog) sign(tbs []byte, milliseconds uint64) ([]byte, error) {
	var parsed tbsCertificate
	if _, err := asn1.Unmarshal(tbs, &parsed); err != nil {
		return nil, err
	}
	parsed.Raw = nil
	var kept []pkix.Extension
	for _, extension := range parsed.Extensions {
		if !extension.Id.Equal(poison) {
			kept = append(kept, extension)
		}
	}
	parsed.Extensions = kept
	plain, err := asn1.Marshal(parsed)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	text.Write([]byte{0, 0}) // version 1, a certificate's timestamp
	_ = binary.Write(&text, binary.BigEndian, milliseconds)
	text.Write([]byte{0, 1}) // of a precertificate
	text.Write(l.authority[:])
	text.Write([]byte{byte(len(plain) >> 16), byte(len(plain) >> 8), byte(len(plain))})
	text.Write(plain)
	text.Write([]byte{0, 0}) // no extensions
	digest := sha256.Sum256(text.Bytes())
	signature, err := ecdsa.SignASN1(rand.Reader, l.key, digest[:])
	if err != nil {
		return nil, err
	}
	return append([]byte{4, 3, byte(len(signature) >> 8), byte(len(signature))}, signature...), nil // SHA-256, ECDSA
}
