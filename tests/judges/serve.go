package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

const (
	// timestamp-server 2.0.6 serves its metrics on this port of all interfaces, whatever it is told: one a machine.
	metricsPort = 2112
	// How long another one that holds that port is waited for, and how long a service may take to answer.
	patience = 2 * time.Minute
	// What a process gets between SIGTERM and SIGKILL.
	farewell = 5 * time.Second
)

// services is the line that is printed: addresses (`http://…` of Sigstore's, `host:port` of the registries) and paths of files.
type services struct {
	Issuer   string `json:"issuer"`
	Fulcio   string `json:"fulcio"`
	Tsa      string `json:"tsa"`
	Rekor    string `json:"rekor"`
	Plain    string `json:"plain"`     // Debian's docker-registry: no referrers API
	Refer    string `json:"referrers"` // has it
	Folder   string `json:"folder"`
	Bin      string `json:"bin"`   // where the tools lie
	Local    string `json:"local"` // this program
	Trust    string `json:"trusted_root"`
	Config   string `json:"signing_config"`
	NoLog    string `json:"signing_config_without_log"`
	LogV1    string `json:"signing_config_log_v1"`
	V1Only   string `json:"signing_config_log_v1_only"` // and no timestamp authority
	TsaChain string `json:"tsa_chain"`
}

type local struct {
	folder, bin string
	children    []*child
}

type child struct {
	name, log string
	ready     string // the address that answers once it is there
	cmd       *exec.Cmd
	done      chan struct{}
}

func serve(bin string) error {
	folder, err := os.MkdirTemp("", "slt-judges-")
	if err != nil {
		return err
	}
	l := &local{folder: folder, bin: bin}
	defer os.RemoveAll(folder)
	defer l.stop()
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	started := make(chan error, 1)
	var line []byte
	go func() {
		up, err := l.start()
		if err == nil {
			line, err = json.Marshal(up)
		}
		if err == nil {
			err = os.WriteFile(l.path("services.json"), line, 0o600)
		}
		started <- err
	}()
	select {
	case err := <-started:
		if err != nil {
			return err
		}
	case <-ended:
		return nil
	case <-signals:
		return nil
	}
	fmt.Println(string(line))
	select {
	case <-ended:
	case <-signals:
	}
	return nil
}

func (l *local) start() (*services, error) {
	if err := os.MkdirAll(filepath.Join(l.folder, "log"), 0o700); err != nil {
		return nil, err
	}
	if err := freed(metricsPort); err != nil {
		return nil, err
	}
	keys, err := newKeys(l.folder)
	if err != nil {
		return nil, err
	}
	issuer, err := newIssuer()
	if err != nil {
		return nil, err
	}
	ct, err := newCertificateLog(keys)
	if err != nil {
		return nil, err
	}
	logV1, err := newRekorV1(keys)
	if err != nil {
		return nil, err
	}
	reg, err := listen(registry.New(registry.WithReferrersSupport(true), registry.Logger(quiet())))
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(8)
	if err != nil {
		return nil, err
	}
	port := func(i int) string { return fmt.Sprint(ports[i]) }
	at := func(i int) string { return "http://127.0.0.1:" + port(i) }
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	up := &services{
		Issuer: issuer, Fulcio: at(0), Tsa: at(3), Rekor: at(4), Plain: "127.0.0.1:" + port(7), Refer: reg,
		Folder: l.folder, Bin: l.bin, Local: self, Trust: l.path("trusted_root.json"), Config: l.path("signing_config.json"),
		NoLog: l.path("signing_config.without-log.json"), LogV1: l.path("signing_config.log-v1.json"),
		V1Only: l.path("signing_config.log-v1-only.json"), TsaChain: l.path("tsa.pem"),
	}
	if err := l.configure(up, port(7)); err != nil {
		return nil, err
	}
	for _, s := range []struct {
		name, ready string
		command     []string
	}{
		// Two ports: fulcio 1.8.8 panics when HTTP and gRPC share one. Its unix socket has one name for a whole machine unless told.
		{"fulcio", up.Fulcio + "/healthz", []string{filepath.Join(l.bin, "fulcio"), "serve", "--host=127.0.0.1", "--port=" + port(0),
			"--grpc-host=127.0.0.1", "--grpc-port=" + port(1), "--metrics-port=" + port(2), "--legacy-unix-domain-socket=@slt-" + port(1),
			"--config-path=" + l.path("fulcio.yaml"), "--ct-log-url=" + ct, "--ca=fileca", "--fileca-watch=false",
			"--fileca-cert=" + l.path("fulcio.pem"), "--fileca-key=" + l.path("fulcio.key"), "--fileca-key-passwd=" + caPassword}},
		{"timestamp-server", up.Tsa + "/ping", []string{filepath.Join(l.bin, "timestamp-server"), "serve", "--host=127.0.0.1",
			"--port=" + port(3), "--timestamp-signer=memory", "--disable-ntp-monitoring"}},
		// The host name is the checkpoint's origin, which clients take from the trusted root's baseUrl, without the port.
		{"rekor", up.Rekor + "/healthz", []string{filepath.Join(l.bin, "posix"), "serve", "--hostname=127.0.0.1", "--http-address=127.0.0.1",
			"--http-port=" + port(4), "--grpc-address=127.0.0.1", "--grpc-port=" + port(5), "--http-metrics-port=" + port(6),
			"--storage-dir=" + l.path("rekor"), "--signer-filepath=" + l.path("rekor.key"), "--checkpoint-interval=200ms",
			"--batch-max-age=50ms", "--persistent-antispam=false"}},
		{"docker-registry", "http://" + up.Plain + "/v2/", []string{"docker-registry", "serve", l.path("docker-registry.yml")}},
	} {
		if err := l.spawn(s.name, s.ready, s.command); err != nil {
			return nil, err
		}
	}
	for _, c := range l.children {
		if err := l.await(c); err != nil {
			return nil, err
		}
	}
	return up, l.describe(up, keys, ct, logV1)
}

// configure writes what the services read.
func (l *local) configure(up *services, registryPort string) error {
	files := map[string]string{
		"fulcio.yaml": fmt.Sprintf(`oidc-issuers:
  %[1]s:
    issuer-url: %[1]s
    client-id: sigstore
    type: email
  %[1]s/ci:
    issuer-url: %[1]s/ci
    client-id: sigstore
    type: uri
    subject-domain: %[1]s
`, up.Issuer),
		"docker-registry.yml": fmt.Sprintf(`version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}
http: {addr: "127.0.0.1:%s"}
`, l.path("docker-registry"), registryPort),
	}
	for name, text := range files {
		if err := os.WriteFile(l.path(name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return os.MkdirAll(l.path("rekor"), 0o700)
}

// describe has cosign write the trusted root and the signing configurations.
func (l *local) describe(up *services, keys *keys, ct, logV1 string) error {
	chain, err := http.Get(up.Tsa + "/api/v1/timestamp/certchain")
	if err != nil {
		return err
	}
	defer chain.Body.Close()
	pem, err := io.ReadAll(chain.Body)
	if err != nil {
		return err
	}
	if err := os.WriteFile(up.TsaChain, pem, 0o600); err != nil {
		return err
	}
	since := keys.since.Format(time.RFC3339)
	service := func(url, version string) string {
		return "url=" + url + ",api-version=" + version + ",start-time=" + since + ",operator=local"
	}
	config := func(out string, more ...string) []string {
		common := []string{"signing-config", "create", "--fulcio=" + service(up.Fulcio, "1"), "--oidc-provider=" + service(up.Issuer, "1"), "--out=" + out}
		return append(common, more...)
	}
	tsa := []string{"--tsa=" + service(up.Tsa+"/api/v1/timestamp", "1"), "--tsa-config=ANY"}
	log := func(url, version string) []string {
		return []string{"--rekor=" + service(url, version), "--rekor-config=ANY"}
	}
	for _, arguments := range [][]string{
		{"trusted-root", "create", "--fulcio=url=" + up.Fulcio + ",certificate-chain=" + l.path("fulcio.pem"),
			"--tsa=url=" + up.Tsa + "/api/v1/timestamp,certificate-chain=" + up.TsaChain,
			"--ctfe=url=" + ct + ",public-key=" + l.path("ct.pub") + ",start-time=" + since,
			"--rekor=url=" + up.Rekor + ",public-key=" + l.path("rekor.pub") + ",start-time=" + since + ",origin=127.0.0.1",
			"--rekor=url=" + logV1 + ",public-key=" + l.path("rekor-v1.pub") + ",start-time=" + since,
			"--out=" + up.Trust},
		config(up.Config, append(log(up.Rekor, "2"), tsa...)...),
		config(up.NoLog, tsa...),
		config(up.LogV1, append(log(logV1, "1"), tsa...)...),
		config(up.V1Only, log(logV1, "1")...),
	} {
		if out, err := exec.Command(filepath.Join(l.bin, "cosign"), arguments...).CombinedOutput(); err != nil {
			return fmt.Errorf("cosign %s: %w: %s", strings.Join(arguments[:2], " "), err, out)
		}
	}
	return nil
}

func (l *local) path(name string) string { return filepath.Join(l.folder, name) }

// spawn starts a process in a group of its own: an interrupt of the terminal's is ours to pass on.
func (l *local) spawn(name, ready string, command []string) error {
	log := l.path(filepath.Join("log", name+".log"))
	file, err := os.Create(log)
	if err != nil {
		return err
	}
	defer file.Close()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = file, file
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s does not start: %w", name, err)
	}
	c := &child{name: name, log: log, ready: ready, cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(c.done)
	}()
	l.children = append(l.children, c)
	return nil
}

// await asks until it is answered with success, or the process has ended.
func (l *local) await(c *child) error {
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if answer, err := http.Get(c.ready); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-c.done:
			log, _ := os.ReadFile(c.log)
			return fmt.Errorf("%s has ended:\n%s", c.name, log)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s does not answer %s", c.name, c.ready)
}

// stop asks all at once, and insists.
func (l *local) stop() {
	for _, c := range l.children {
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
	}
	deadline := time.After(farewell)
	for _, c := range l.children {
		select {
		case <-c.done:
		case <-deadline:
			_ = c.cmd.Process.Kill()
			<-c.done
		}
	}
}

// listen serves on a free port, in this process.
func listen(handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() { _ = http.Serve(listener, handler) }()
	return listener.Addr().String(), nil
}

// freePorts holds all of them before it lets go of any, so that they differ.
func freePorts(count int) ([]int, error) {
	var ports []int
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// freed waits until nobody listens on a port of this machine.
func freed(port int) error {
	deadline := time.Now().Add(patience)
	for {
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err == nil {
			return listener.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("port %d is taken, and timestamp-server insists on it: %w", port, err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}
