package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
	"github.com/go-openapi/runtime"
	"github.com/go-openapi/strfmt"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/types"
	_ "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"
	"github.com/sigstore/rekor/pkg/util"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
)

// A transparency log that answers as Rekor v1 does. The real one keeps its tree in Trillian and MySQL; this one in memory, and takes
// `POST /api/v1/log/entries` only. What makes and checks an entry is Rekor's own: the kinds of `pkg/types`, the canonical form, the
// checkpoint. The order of things is that of `createLogEntry` in rekor v1.5.3, pkg/api/entries.go. It looks at no list of algorithms:
// the one that Rekor begins with has all keys that its kinds take.
type rekorV1 struct {
	mutex  sync.Mutex
	signer signature.Signer
	id     string // SHA-256 of the key
	tree   *testonly.Tree
	known  map[string]bool // by the hash of the leaf
}

const (
	// Checkpoints have the host's name before the tree's, as the public one's have it: `rekor.sigstore.dev - 1193050959916656506`.
	v1Host = "rekor.local"
	v1Tree = 1193050959916656506
	// How many entries stand in older trees: the public log's index runs on over its trees, and the proof's begins anew with each.
	v1Before = 1000
	// How far the clock is ahead at the address `/ahead`: no two machines' clocks agree.
	v1Ahead = 3 * time.Second
)

func newRekorV1(keys *keys) (string, error) {
	signer, err := signature.LoadECDSASigner(keys.logV1, crypto.SHA256)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKIXPublicKey(keys.logV1.Public())
	if err != nil {
		return "", err
	}
	id := sha256.Sum256(der)
	l := &rekorV1{signer: signer, id: hex.EncodeToString(id[:]), tree: testonly.New(rfc6962.DefaultHasher), known: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/log/entries", l.entries(0))
	mux.HandleFunc("POST /ahead/api/v1/log/entries", l.entries(v1Ahead))
	address, err := listen(mux)
	return "http://" + address, err
}

// entries takes an entry; its clock is ahead of the machine's.
func (l *rekorV1) entries(ahead time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		leaf, err := leafOf(r)
		if err != nil {
			said(w, http.StatusBadRequest, fmt.Sprintf("error processing entry: %v", err))
			return
		}
		l.mutex.Lock()
		defer l.mutex.Unlock()
		hash := hex.EncodeToString(rfc6962.DefaultHasher.HashLeaf(leaf))
		uuid := fmt.Sprintf("%016x%s", uint64(v1Tree), hash)
		w.Header().Set("Location", r.URL.Path+"/"+uuid)
		if l.known[hash] {
			said(w, http.StatusConflict, "an equivalent entry already exists in the transparency log with UUID "+uuid)
			return
		}
		entry, err := l.add(r.Context(), leaf, time.Now().Add(ahead).Unix())
		if err != nil {
			said(w, http.StatusInternalServerError, err.Error())
			return
		}
		l.known[hash] = true
		w.Header().Set("ETag", uuid)
		replyAs(w, http.StatusCreated, models.LogEntry{uuid: *entry})
	}
}

// said is how Rekor says no.
func said(w http.ResponseWriter, status int, message string) {
	replyAs(w, status, models.Error{Code: int64(status), Message: message})
}

// leafOf is what would be kept of a proposed entry, whose signature Rekor has verified then.
func leafOf(r *http.Request) ([]byte, error) {
	proposed, err := models.UnmarshalProposedEntry(r.Body, runtime.JSONConsumer())
	if err != nil {
		return nil, err
	}
	if err := proposed.Validate(strfmt.Default); err != nil {
		return nil, err
	}
	entry, err := types.CreateVersionedEntry(proposed)
	if err != nil {
		return nil, err
	}
	return types.CanonicalizeEntry(r.Context(), entry)
}

// add appends a leaf, and gives its entry, with the promise (SET), the proof and the checkpoint of the tree that it is the last of.
func (l *rekorV1) add(ctx context.Context, leaf []byte, now int64) (*models.LogEntryAnon, error) {
	l.tree.AppendData(leaf)
	size := l.tree.Size()
	place, index, count := int64(size-1), int64(size-1+v1Before), int64(size)
	entry := &models.LogEntryAnon{LogID: &l.id, LogIndex: &index, Body: leaf, IntegratedTime: &now}
	payload, err := entry.MarshalBinary()
	if err != nil {
		return nil, err
	}
	if payload, err = jsoncanonicalizer.Transform(payload); err != nil {
		return nil, err
	}
	promise, err := l.signer.SignMessage(bytes.NewReader(payload))
	if err != nil {
		return nil, err
	}
	checkpoint, err := util.CreateAndSignCheckpoint(ctx, v1Host, v1Tree, size, l.tree.Hash(), l.signer)
	if err != nil {
		return nil, err
	}
	nodes, err := l.tree.InclusionProof(size-1, size)
	if err != nil {
		return nil, err
	}
	hashes := []string{}
	for _, node := range nodes {
		hashes = append(hashes, hex.EncodeToString(node))
	}
	root, note := hex.EncodeToString(l.tree.Hash()), string(checkpoint)
	entry.Verification = &models.LogEntryAnonVerification{
		InclusionProof:       &models.InclusionProof{TreeSize: &count, RootHash: &root, LogIndex: &place, Hashes: hashes, Checkpoint: &note},
		SignedEntryTimestamp: strfmt.Base64(promise),
	}
	return entry, nil
}
