// The servers the bench compares with. Each serves the resources it is told on its standard input, over aggregated
// discovery, and says on its standard output when a command is done. See ../../servers.ts for the other end.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// Resource is one named resource; Body is the encoded inner message.
type Resource struct {
	TypeURL string `json:"typeUrl"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Body    []byte `json:"body"`
}

// Store is what a contender does with resources. Put is called once with everything, then once for each change.
type Store interface {
	Put(resources []Resource) error
}

type command struct {
	Op        string     `json:"op"`
	Resources []Resource `json:"resources"`
}

func main() {
	kind := flag.String("kind", "linear", "linear, snapshot or shared")
	certificates := flag.String("tls", "", "folder with ca.pem, server.pem and server.key: mutual TLS")
	flag.Parse()
	var options []grpc.ServerOption
	if *certificates != "" {
		config, err := mutualTLS(*certificates)
		fatal(err)
		options = append(options, grpc.Creds(credentials.NewTLS(config)))
	}
	// One proxy is one connection with one stream; the limit is not what is measured.
	options = append(options, grpc.MaxConcurrentStreams(1_000_000))
	var server *grpc.Server
	var store Store
	switch *kind {
	case "linear":
		server, store = newLinear(options)
	case "snapshot":
		server, store = newSnapshot(options)
	case "shared":
		server, store = newShared(options)
	default:
		fatal(fmt.Errorf("no server of kind %q", *kind))
	}
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return // the bench has gone
		}
		var c command
		fatal(json.Unmarshal(line, &c))
		answer := map[string]any{"done": c.Op}
		switch c.Op {
		case "put":
			fatal(store.Put(c.Resources))
		case "listen":
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			fatal(err)
			answer["port"] = listener.Addr().(*net.TCPAddr).Port
			go func() { fatal(server.Serve(listener)) }()
		case "gc":
			debug.FreeOSMemory()
		}
		fatal(answers.Encode(answer))
	}
}

func mutualTLS(folder string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "server.pem"), filepath.Join(folder, "server.key"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(filepath.Join(folder, "ca.pem"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientCAs:    roots,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		NextProtos:   []string{"h2"},
	}, nil
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
