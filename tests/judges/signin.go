package main

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/url"
	"sync"
)

// How a user signs in: in a browser (RFC 6749, section 4.1) or with the code of a device (RFC 8628), both with PKCE (RFC 7636). Nobody is asked
// for a password: whoever visits the page has signed in as the developer.
//
//	/auth?redirect_uri=&state=&code_challenge=   back to `redirect_uri` with a code; the code itself where that is out of band
//	/device/code                                 the codes of a device
//	/device?user_code=                           the page of a device
//	POST /token                                  the token, for a code of either, once
type signIns struct {
	mutex  sync.Mutex
	issuer *issuer
	grants map[string]*signIn
}

type signIn struct {
	challenge, redirect, userCode string
	isThere                       bool
}

const (
	outOfBand   = "urn:ietf:wg:oauth:2.0:oob"
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
)

func (s *signIns) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /auth", s.auth)
	mux.HandleFunc("POST /device/code", s.codes)
	mux.HandleFunc("GET /device", s.device)
	mux.HandleFunc("POST /token", s.token)
}

func refuse(w http.ResponseWriter, reason string) {
	w.WriteHeader(http.StatusBadRequest)
	reply(w, map[string]string{"error": reason})
}

// begin keeps a sign-in, and gives the code that stands for it.
func (s *signIns) begin(w http.ResponseWriter, r *http.Request, begun *signIn) (string, bool) {
	begun.challenge = r.FormValue("code_challenge")
	if r.FormValue("client_id") != "sigstore" || r.FormValue("scope") != "openid email" ||
		r.FormValue("code_challenge_method") != "S256" || begun.challenge == "" {
		refuse(w, "invalid_request")
		return "", false
	}
	code := rand.Text()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.grants[code] = begun
	return code, true
}

func (s *signIns) auth(w http.ResponseWriter, r *http.Request) {
	begun := &signIn{redirect: r.FormValue("redirect_uri"), isThere: true}
	code, ok := s.begin(w, r, begun)
	switch {
	case !ok:
	case begun.redirect == outOfBand:
		_, _ = w.Write([]byte(code))
	default:
		query := url.Values{"code": {code}, "state": {r.FormValue("state")}}
		http.Redirect(w, r, begun.redirect+"?"+query.Encode(), http.StatusFound)
	}
}

func (s *signIns) codes(w http.ResponseWriter, r *http.Request) {
	begun := &signIn{userCode: rand.Text()[:8]}
	if code, ok := s.begin(w, r, begun); ok {
		page := s.issuer.url + "/device"
		reply(w, map[string]any{
			"device_code": code, "user_code": begun.userCode, "expires_in": 60, "interval": 1,
			"verification_uri": page, "verification_uri_complete": page + "?user_code=" + begun.userCode,
		})
	}
}

func (s *signIns) device(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, begun := range s.grants {
		if begun.userCode != "" && begun.userCode == r.FormValue("user_code") {
			begun.isThere = true
			return
		}
	}
	http.Error(w, "which device?", http.StatusNotFound)
}

func (s *signIns) token(w http.ResponseWriter, r *http.Request) {
	name := map[string]string{"authorization_code": "code", deviceGrant: "device_code"}[r.FormValue("grant_type")]
	code := r.FormValue(name)
	verified := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	s.mutex.Lock()
	defer s.mutex.Unlock()
	begun := s.grants[code]
	switch {
	case name == "" || begun == nil || begun.challenge != base64url(verified[:]) || begun.redirect != r.FormValue("redirect_uri"):
		refuse(w, "invalid_grant")
	case !begun.isThere:
		// as Dex says it
		w.WriteHeader(http.StatusUnauthorized)
		reply(w, map[string]string{"error": "authorization_pending"})
	default:
		delete(s.grants, code)
		token, err := s.issuer.mint(func(string) string { return "" })
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		reply(w, map[string]string{"id_token": token, "token_type": "Bearer"})
	}
}
