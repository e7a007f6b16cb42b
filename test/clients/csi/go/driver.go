package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"sigs.k8s.io/secrets-store-csi-driver/provider/v1alpha1"
)

// call is what a driver hands over, as it is read from standard input.
type call struct {
	Attributes map[string]string `json:"attributes"`
	Secrets    map[string]string `json:"secrets"`
	TargetPath string            `json:"targetPath"`
	Versions   map[string]string `json:"versions"`
}

func connect(socket, authority string) (v1alpha1.CSIDriverProviderClient, error) {
	connection, err := grpc.NewClient("unix:"+socket,
		grpc.WithAuthority(authority), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	return v1alpha1.NewCSIDriverProviderClient(connection), nil
}

// mount makes one Mount call and tells the answer, or the status of its failure.
func mount(socket string) error {
	var given call
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return err
	}
	client, err := connect(socket, "localhost")
	if err != nil {
		return err
	}
	attributes, _ := json.Marshal(given.Attributes)
	secrets, _ := json.Marshal(given.Secrets) // "null" for a pod without nodePublishSecretRef
	permission, _ := json.Marshal(os.FileMode(0644))
	request := &v1alpha1.MountRequest{
		Attributes: string(attributes),
		Secrets:    string(secrets),
		TargetPath: given.TargetPath,
		Permission: string(permission),
	}
	for id, version := range given.Versions {
		request.CurrentObjectVersion = append(request.CurrentObjectVersion, &v1alpha1.ObjectVersion{Id: id, Version: version})
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer, err := client.Mount(ctx, request)
	if err != nil {
		failed := status.Convert(err)
		tell(map[string]any{"code": failed.Code().String(), "message": failed.Message()})
		return nil
	}
	files := map[string]any{}
	for _, file := range answer.Files {
		files[file.Path] = map[string]any{"mode": file.Mode, "text": string(file.Contents)}
	}
	tell(map[string]any{"code": "OK", "files": files, "versions": versionsOf(answer.ObjectVersion), "error": answer.GetError().GetCode()})
	return nil
}

// version makes one Version call and tells the answer.
func version(socket, authority string) error {
	client, err := connect(socket, authority)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer, err := client.Version(ctx, &v1alpha1.VersionRequest{Version: "v1alpha1"})
	if err != nil {
		return err
	}
	tell(map[string]any{"version": answer.Version, "runtimeName": answer.RuntimeName})
	return nil
}
