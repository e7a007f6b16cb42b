package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"sigs.k8s.io/secrets-store-csi-driver/provider/v1alpha1"
)

// provider does what the attribute "do" of a class asks for, and prints each request as a line of JSON.
type provider struct {
	v1alpha1.UnimplementedCSIDriverProviderServer
	mutex  sync.Mutex
	mounts map[string]int
}

func serve(socket string) error {
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(onlyLocalhost))
	v1alpha1.RegisterCSIDriverProviderServer(server, &provider{mounts: map[string]int{}})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		<-signals
		server.GracefulStop()
	}()
	fmt.Println(`{"serves":true}`)
	return server.Serve(listener)
}

// onlyLocalhost refuses calls for any other authority, as upstream's provider for end-to-end tests does.
func onlyLocalhost(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	incoming, _ := metadata.FromIncomingContext(ctx)
	if authority := incoming.Get(":authority"); len(authority) != 1 || authority[0] != "localhost" {
		return nil, status.Errorf(codes.PermissionDenied, "authority %q is not localhost", authority)
	}
	return handler(ctx, request)
}

func (p *provider) Version(context.Context, *v1alpha1.VersionRequest) (*v1alpha1.VersionResponse, error) {
	return &v1alpha1.VersionResponse{Version: "v1alpha1", RuntimeName: "keyferry-test", RuntimeVersion: "1.2.3"}, nil
}

func (p *provider) Mount(ctx context.Context, request *v1alpha1.MountRequest) (*v1alpha1.MountResponse, error) {
	var attributes, secrets map[string]string
	var permission os.FileMode
	for _, field := range []struct {
		text string
		into any
	}{{request.Attributes, &attributes}, {request.Secrets, &secrets}, {request.Permission, &permission}} {
		if err := json.Unmarshal([]byte(field.text), field.into); err != nil {
			return nil, status.Errorf(codes.InvalidArgument, "a field of the request: %v", err)
		}
	}
	deadline, hasDeadline := ctx.Deadline()
	tell(map[string]any{
		"attributes": attributes,
		"secrets":    request.Secrets,
		"targetPath": request.TargetPath,
		"permission": request.Permission,
		"versions":   versionsOf(request.CurrentObjectVersion),
		"deadline":   hasDeadline && time.Until(deadline) < 2*time.Minute,
	})
	pod := attributes["csi.storage.k8s.io/pod.uid"]
	p.mutex.Lock()
	p.mounts[pod]++
	count := p.mounts[pod]
	p.mutex.Unlock()
	version := &v1alpha1.ObjectVersion{Id: "secret/one", Version: fmt.Sprintf("v%d", count)}
	content := []byte("first")
	if count > 1 {
		content = []byte("rotated")
	}

	switch attributes["do"] {
	case "error-code":
		return &v1alpha1.MountResponse{Error: &v1alpha1.Error{Code: "NotThisTime"}}, nil
	case "status":
		return nil, status.Error(codes.Unavailable, "the store is down for now")
	case "nothing":
		return &v1alpha1.MountResponse{}, nil
	case "too-large":
		content = []byte(strings.Repeat("x", 5<<20))
	case "escape":
		return &v1alpha1.MountResponse{
			ObjectVersion: []*v1alpha1.ObjectVersion{version},
			Files:         []*v1alpha1.File{{Path: "../../outside", Mode: 0644, Contents: content}},
		}, nil
	case "write":
		if err := os.WriteFile(filepath.Join(request.TargetPath, "one"), content, permission); err != nil {
			return nil, err
		}
		return &v1alpha1.MountResponse{ObjectVersion: []*v1alpha1.ObjectVersion{version}}, nil
	}
	return &v1alpha1.MountResponse{
		ObjectVersion: []*v1alpha1.ObjectVersion{version},
		Files: []*v1alpha1.File{
			{Path: "one", Mode: int32(permission), Contents: content},
			{Path: "deep/two", Mode: 0400, Contents: []byte{0, 255}},
		},
	}, nil
}

func versionsOf(list []*v1alpha1.ObjectVersion) map[string]string {
	versions := map[string]string{}
	for _, one := range list {
		versions[one.Id] = one.Version
	}
	return versions
}

func tell(what any) {
	line, _ := json.Marshal(what)
	fmt.Println(string(line))
}
