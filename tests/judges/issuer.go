package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"time"
)

// What an issuer of identity tokens answers, for one key.
//
//	/token?kind=email|uri&email=&sub=&aud=&ttl=SECONDS&iss=   a token, as text; `iss` lies about the issuer, `ttl` may be negative
//	/ambient?audience=A                                       `{"value": TOKEN}` to the bearer `runner`, as a CI system gives it to a job
//
// Users sign in there, too: signin.go.
//
// `email`: the issuer is this address, the identity the e-mail address. `uri`: the issuer is `…/ci`, the identity the URI in `sub`.
type issuer struct {
	key *rsa.PrivateKey
	url string
}

func newIssuer() (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	i := &issuer{key: key}
	mux := http.NewServeMux()
	address, err := listen(mux)
	if err != nil {
		return "", err
	}
	i.url = "http://" + address
	for _, prefix := range []string{"", "/ci"} {
		mux.HandleFunc("GET "+prefix+"/.well-known/openid-configuration", i.discovery(i.url+prefix))
	}
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) { reply(w, map[string]any{"keys": []any{i.jwk()}}) })
	mux.HandleFunc("GET /token", func(w http.ResponseWriter, r *http.Request) {
		token, err := i.mint(r.FormValue)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = w.Write([]byte(token))
	})
	users := &signIns{issuer: i, grants: map[string]*signIn{}}
	users.routes(mux)
	mux.HandleFunc("GET /ambient", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "bearer runner" && r.Header.Get("Authorization") != "Bearer runner" {
			http.Error(w, "who asks?", http.StatusUnauthorized)
			return
		}
		token, err := i.mint(func(name string) string {
			return map[string]string{"kind": "uri", "aud": r.FormValue("audience")}[name]
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		reply(w, map[string]string{"value": token})
	})
	return i.url, nil
}

func reply(w http.ResponseWriter, value any) { replyAs(w, http.StatusOK, value) }

func replyAs(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

func (i *issuer) discovery(issuer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{
			"issuer": issuer, "jwks_uri": i.url + "/jwks", "authorization_endpoint": issuer + "/auth", "token_endpoint": issuer + "/token",
			"device_authorization_endpoint": issuer + "/device/code", "code_challenge_methods_supported": []string{"S256"},
			"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	}
}

func (i *issuer) jwk() map[string]string {
	return map[string]string{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "local",
		"n": base64url(i.key.N.Bytes()), "e": base64url(big.NewInt(int64(i.key.E)).Bytes()),
	}
}

func (i *issuer) mint(value func(string) string) (string, error) {
	given := func(name, otherwise string) string {
		if found := value(name); found != "" {
			return found
		}
		return otherwise
	}
	ttl, err := strconv.Atoi(given("ttl", "600"))
	if err != nil {
		return "", err
	}
	now := time.Now().Unix()
	email := given("email", "dev@example.test")
	claims := map[string]any{"iss": i.url, "sub": given("sub", "id-"+email), "email": email, "email_verified": true}
	if value("kind") == "uri" {
		claims = map[string]any{"iss": i.url + "/ci", "sub": given("sub", i.url+"/acme/app/.workflows/release.yml@refs/heads/main")}
	}
	claims["iss"] = given("iss", claims["iss"].(string))
	issued := min(now, now+int64(ttl))
	claims["aud"], claims["iat"], claims["nbf"], claims["exp"] = given("aud", "sigstore"), issued, issued-5, now+int64(ttl)
	head, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": "local"})
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	text := base64url(head) + "." + base64url(body)
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("a token: %w", err)
	}
	return text + "." + base64url(signature), nil
}

func base64url(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
