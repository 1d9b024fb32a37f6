// A whole Sigstore and two registries on loopback, for the tests that have other people's tools as their judges: an issuer of identity
// tokens, Fulcio with a certificate log, a timestamp authority, Rekor v2 on a folder, a log that answers as Rekor v1, Debian's
// docker-registry (no referrers API), and a registry with that API.
//
//	local serve BIN          starts all of it, prints one line of JSON once everything answers, and runs until its standard input ends
//	local forge FOLDER DEFECT BLOB BUNDLE   writes a bundle that no honest authority would let be (forge.go)
//	local defects            prints the names of the defects
//	local yaml FILE          prints a YAML file as JSON
//
// Standard input is how it ends: whoever started it holds the other end, and when that process is gone, however it went, so is this.
// It keeps nothing: each start has keys of its own, in a folder that it removes. It is no Sigstore for anything else.
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "serve":
		err = serve(os.Args[2])
	case len(os.Args) == 6 && os.Args[1] == "forge":
		err = forge(os.Args[2], os.Args[3], os.Args[4], os.Args[5])
	case len(os.Args) == 3 && os.Args[1] == "yaml":
		err = asJSON(os.Args[2])
	case len(os.Args) == 2 && os.Args[1] == "defects":
		for _, name := range slices.Sorted(maps.Keys(defects)) {
			fmt.Println(name)
		}
	default:
		err = fmt.Errorf("usage: local serve BIN | local forge FOLDER DEFECT BLOB BUNDLE | local defects | local yaml FILE")
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "local: %v\n", err)
		os.Exit(1)
	}
}

// asJSON prints a YAML file as a program reads it.
func asJSON(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var document map[string]any
	if err := yaml.Unmarshal(text, &document); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(document)
}
