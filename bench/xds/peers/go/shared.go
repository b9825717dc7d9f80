package main

import (
	"fmt"
	"strconv"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// shared is what Go can do with the same idea: every resource encoded once, every answer once for each pair of
// versions, one version number for each stream and type. It knows wildcard subscriptions only, so it is a bound rather
// than a server one could use.
type shared struct {
	mu      sync.Mutex
	types   map[string]*history
	answers map[answerKey]mem.BufferSlice
}

// history is one type's changes; its version is how many there were.
type history struct {
	changes   [][]Resource
	resources map[string]Resource
	order     []string
	changed   chan struct{} // closed by the next change
}

type answerKey struct {
	delta    bool
	typeURL  string
	from, to int
}

func newShared(options []grpc.ServerOption) (*grpc.Server, Store) {
	s := &shared{types: map[string]*history{}, answers: map[answerKey]mem.BufferSlice{}}
	options = append(options, grpc.ForceServerCodecV2(asIs{}), grpc.SharedWriteBuffer(true))
	server := grpc.NewServer(options...)
	stream := func(name string, delta bool) grpc.StreamDesc {
		return grpc.StreamDesc{
			StreamName:    name,
			ServerStreams: true,
			ClientStreams: true,
			Handler:       func(_ any, ss grpc.ServerStream) error { return s.stream(ss, delta) },
		}
	}
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "envoy.service.discovery.v3.AggregatedDiscoveryService",
		HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{
			stream("StreamAggregatedResources", false),
			stream("DeltaAggregatedResources", true),
		},
	}, s)
	return server, s
}

// history gives the type's, made on first sight. The caller holds the lock.
func (s *shared) history(typeURL string) *history {
	h := s.types[typeURL]
	if h == nil {
		h = &history{resources: map[string]Resource{}, changed: make(chan struct{})}
		s.types[typeURL] = h
	}
	return h
}

func (s *shared) Put(resources []Resource) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	byType := map[string][]Resource{}
	for _, r := range resources {
		byType[r.TypeURL] = append(byType[r.TypeURL], r)
	}
	for typeURL, list := range byType {
		h := s.history(typeURL)
		for _, r := range list {
			if _, known := h.resources[r.Name]; !known {
				h.order = append(h.order, r.Name)
			}
			h.resources[r.Name] = r
		}
		h.changes = append(h.changes, list)
		close(h.changed)
		h.changed = make(chan struct{})
	}
	clear(s.answers)
	return nil
}

// next is the answer for a stream that has a version, the version it leads to, and what tells of the one after it. The
// answer is nil where the stream has the newest.
func (s *shared) next(delta bool, typeURL string, from int) (mem.BufferSlice, int, chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.history(typeURL)
	to := len(h.changes)
	if from == to {
		return nil, to, h.changed
	}
	key := answerKey{delta, typeURL, from, to}
	answer, known := s.answers[key]
	if !known {
		answer = mem.BufferSlice{mem.SliceBuffer(encodeAnswer(key, h))}
		s.answers[key] = answer
	}
	return answer, to, h.changed
}

type request struct {
	typeURL, nonce string
	named, refused bool
}

type subscription struct {
	has, sent int
	waiting   string
}

func (s *shared) stream(ss grpc.ServerStream, delta bool) error {
	requests := make(chan request)
	failed := make(chan error, 1)
	go func() {
		for {
			var bytes []byte
			if err := ss.RecvMsg(&bytes); err != nil {
				failed <- err
				return
			}
			r, err := decodeRequest(bytes, delta)
			if err != nil {
				failed <- err
				return
			}
			select {
			case requests <- r:
			case <-ss.Context().Done():
				return
			}
		}
	}()
	var typeURL string
	var sub subscription
	var changed chan struct{}
	for {
		select {
		case err := <-failed:
			return err
		case <-changed:
		case r := <-requests:
			if r.named {
				return fmt.Errorf("only wildcard subscriptions are known")
			}
			if typeURL == "" {
				typeURL = r.typeURL
			} else if r.typeURL != typeURL {
				return fmt.Errorf("only one type on a stream is known")
			}
			if r.nonce != "" && r.nonce == sub.waiting {
				sub.waiting = ""
				if !r.refused {
					sub.has = sub.sent
				}
			}
		}
		if sub.waiting != "" {
			changed = nil
			continue
		}
		answer, to, next := s.next(delta, typeURL, sub.has)
		changed = next
		if answer == nil {
			continue
		}
		if err := ss.SendMsg(answer); err != nil {
			return err
		}
		sub.sent = to
		sub.waiting = strconv.Itoa(to)
		changed = nil
	}
}

// encodeAnswer writes a DiscoveryResponse or DeltaDiscoveryResponse; the nonce is the version it leads to.
func encodeAnswer(key answerKey, h *history) []byte {
	var out []byte
	out = protowire.AppendTag(out, 1, protowire.BytesType)
	out = protowire.AppendString(out, strconv.Itoa(key.to))
	for _, r := range lacking(key, h) {
		body := appendField(appendField(nil, 1, []byte(r.TypeURL)), 2, r.Body)
		if key.delta {
			body = appendField(appendField(appendField(nil, 1, []byte(r.Version)), 2, body), 3, []byte(r.Name))
		}
		out = appendField(out, 2, body)
	}
	out = appendField(out, 4, []byte(key.typeURL))
	return appendField(out, 5, []byte(strconv.Itoa(key.to)))
}

// lacking is what a holder of key.from needs: for state of the world all there is.
func lacking(key answerKey, h *history) []Resource {
	var out []Resource
	if !key.delta || key.from == 0 {
		for _, name := range h.order {
			out = append(out, h.resources[name])
		}
		return out
	}
	seen := map[string]bool{}
	for _, change := range h.changes[key.from:key.to] {
		for _, r := range change {
			if !seen[r.Name] {
				seen[r.Name] = true
				out = append(out, h.resources[r.Name])
			}
		}
	}
	return out
}

func appendField(out []byte, number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(out, number, protowire.BytesType), value)
}

// decodeRequest reads what is needed of a DiscoveryRequest or DeltaDiscoveryRequest.
func decodeRequest(bytes []byte, delta bool) (request, error) {
	typeField, nonceField, errorField := protowire.Number(4), protowire.Number(5), protowire.Number(6)
	if delta {
		typeField, nonceField, errorField = 2, 6, 7
	}
	var r request
	for len(bytes) > 0 {
		number, kind, n := protowire.ConsumeTag(bytes)
		if n < 0 {
			return r, protowire.ParseError(n)
		}
		size := protowire.ConsumeFieldValue(number, kind, bytes[n:])
		if size < 0 {
			return r, protowire.ParseError(size)
		}
		if kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(bytes[n:])
			switch number {
			case typeField:
				r.typeURL = string(value)
			case nonceField:
				r.nonce = string(value)
			case errorField:
				r.refused = true
			case 3:
				r.named = r.named || string(value) != "*"
			}
		}
		bytes = bytes[n+size:]
	}
	return r, nil
}

// asIs takes and gives messages as the bytes they are.
type asIs struct{}

var _ encoding.CodecV2 = asIs{}

func (asIs) Name() string { return "proto" }

func (asIs) Marshal(v any) (mem.BufferSlice, error) { return v.(mem.BufferSlice), nil }

func (asIs) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}
