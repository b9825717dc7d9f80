package main

import (
	"context"
	"fmt"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	cache "github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// parse makes the message go-control-plane's caches want of a resource's bytes.
func parse(r Resource) (proto.Message, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByURL(r.TypeURL)
	if err != nil {
		return nil, err
	}
	message := kind.New().Interface()
	return message, proto.Unmarshal(r.Body, message)
}

func serve(options []grpc.ServerOption, c cache.Cache) *grpc.Server {
	s := grpc.NewServer(options...)
	discovery.RegisterAggregatedDiscoveryServiceServer(s, server.NewServer(context.Background(), c, nil))
	return s
}

// linear is go-control-plane's linear cache, one for each type behind its own multiplexer.
type linear struct {
	caches map[string]*cache.LinearCache
}

func newLinear(options []grpc.ServerOption) (*grpc.Server, Store) {
	store := &linear{caches: map[string]*cache.LinearCache{}}
	mux := &cache.MuxCache{
		Classify:      func(r *cache.Request) string { return r.GetTypeUrl() },
		ClassifyDelta: func(r *cache.DeltaRequest) string { return r.GetTypeUrl() },
		Caches:        map[string]cache.Cache{},
	}
	for _, typeURL := range []string{resource.ClusterType, resource.EndpointType} {
		c := cache.NewLinearCache(typeURL)
		store.caches[typeURL] = c
		mux.Caches[typeURL] = c
	}
	return serve(options, mux), store
}

func (l *linear) Put(resources []Resource) error {
	byType := map[string]map[string]types.Resource{}
	for _, r := range resources {
		message, err := parse(r)
		if err != nil {
			return err
		}
		if byType[r.TypeURL] == nil {
			byType[r.TypeURL] = map[string]types.Resource{}
		}
		byType[r.TypeURL][r.Name] = message
	}
	// Endpoints first: a new cluster's are asked for as soon as it is seen.
	for _, typeURL := range []string{resource.EndpointType, resource.ClusterType} {
		if len(byType[typeURL]) == 0 {
			continue
		}
		if err := l.caches[typeURL].UpdateResources(byType[typeURL], nil); err != nil {
			return err
		}
	}
	return nil
}

// snapshot is go-control-plane's snapshot cache, with one snapshot for the group that all proxies belong to.
type snapshot struct {
	cache    cache.SnapshotCache
	messages map[string]map[string]types.Resource
	versions map[string]int
}

type oneGroup struct{}

func (oneGroup) ID(*core.Node) string { return "group" }

func newSnapshot(options []grpc.ServerOption) (*grpc.Server, Store) {
	store := &snapshot{
		cache:    cache.NewSnapshotCache(true, oneGroup{}, nil),
		messages: map[string]map[string]types.Resource{},
		versions: map[string]int{},
	}
	return serve(options, store.cache), store
}

func (s *snapshot) Put(resources []Resource) error {
	for _, r := range resources {
		message, err := parse(r)
		if err != nil {
			return err
		}
		if s.messages[r.TypeURL] == nil {
			s.messages[r.TypeURL] = map[string]types.Resource{}
		}
		s.messages[r.TypeURL][r.Name] = message
		s.versions[r.TypeURL]++
	}
	// A type's version must move only when the type does, or everything is sent again.
	next := &cache.Snapshot{}
	for typeURL, messages := range s.messages {
		list := make([]types.Resource, 0, len(messages))
		for _, message := range messages {
			list = append(list, message)
		}
		next.Resources[cache.GetResponseType(typeURL)] = cache.NewResources(fmt.Sprint(s.versions[typeURL]), list)
	}
	return s.cache.SetSnapshot(context.Background(), "group", next)
}
