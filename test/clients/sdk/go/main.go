// Command scenarios runs a script of ../protocol.ts with Microsoft's SDK for Go, its options untouched.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

type script struct {
	Sessions map[string]session
	Steps    []step
}

type session struct {
	VaultURL   string
	Credential credential
}

type credential struct {
	Kind, TenantID, ClientID, ClientSecret string
}

type step struct {
	ID, Session, Operation, Name, Value, Version, From string

	ContentType *string
	Tags        map[string]*string
	Enabled     *bool
	ExpiresOn   *int64
}

type result struct {
	Name           string             `json:"name,omitempty"`
	Value          *string            `json:"value,omitempty"`
	Version        string             `json:"version,omitempty"`
	ContentType    *string            `json:"contentType,omitempty"`
	Tags           map[string]*string `json:"tags,omitempty"`
	Enabled        *bool              `json:"enabled,omitempty"`
	ExpiresOn      *int64             `json:"expiresOn,omitempty"`
	RecoveryID     *string            `json:"recoveryId,omitempty"`
	PurgeAfterDays *float64           `json:"purgeAfterDays,omitempty"`
	Found          []string           `json:"found,omitempty"`
	Pages          int                `json:"pages,omitempty"`
	BackedUp       *bool              `json:"backedUp,omitempty"`
}

type failure struct {
	Type      string   `json:"type"`
	Status    int      `json:"status,omitempty"`
	Code      string   `json:"code,omitempty"`
	InnerCode string   `json:"innerCode,omitempty"`
	AADSTS    []string `json:"aadsts,omitempty"`
	Message   string   `json:"message"`
}

type outcome struct {
	ID     string   `json:"id"`
	Result *result  `json:"result,omitempty"`
	Error  *failure `json:"error,omitempty"`
}

func main() {
	var input script
	check(json.NewDecoder(os.Stdin).Decode(&input))
	runner := runner{clients: map[string]*azsecrets.Client{}, versions: map[string]string{}, backups: map[string][]byte{}}
	for name, session := range input.Sessions {
		credential, err := newCredential(session.Credential)
		check(err)
		runner.clients[name], err = azsecrets.NewClient(session.VaultURL, credential, nil)
		check(err)
	}
	output := json.NewEncoder(os.Stdout)
	for _, step := range input.Steps {
		told := outcome{ID: step.ID}
		if result, err := runner.run(context.Background(), step); err != nil {
			told.Error = failureOf(err)
		} else {
			runner.versions[step.ID] = result.Version
			told.Result = &result
		}
		check(output.Encode(told))
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newCredential(c credential) (azcore.TokenCredential, error) {
	switch c.Kind {
	case "client-secret":
		return azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, c.ClientSecret, nil)
	case "workload-identity":
		return azidentity.NewWorkloadIdentityCredential(nil)
	case "managed-identity":
		if c.ClientID == "" {
			return azidentity.NewManagedIdentityCredential(nil)
		}
		return azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(c.ClientID)})
	case "default":
		return azidentity.NewDefaultAzureCredential(nil)
	}
	return nil, fmt.Errorf("no credential %q", c.Kind)
}

type runner struct {
	clients  map[string]*azsecrets.Client
	versions map[string]string
	backups  map[string][]byte
}

func (r *runner) run(ctx context.Context, s step) (result, error) {
	client := r.clients[s.Session]
	switch s.Operation {
	case "set":
		answer, err := client.SetSecret(ctx, s.Name, azsecrets.SetSecretParameters{
			Value: &s.Value, ContentType: s.ContentType, Tags: s.Tags, SecretAttributes: attributesOf(s),
		}, nil)
		return ofSecret(answer.Secret), err
	case "get":
		answer, err := client.GetSecret(ctx, s.Name, r.versionOf(s), nil)
		return ofSecret(answer.Secret), err
	case "update":
		answer, err := client.UpdateSecretProperties(ctx, s.Name, r.versionOf(s), azsecrets.UpdateSecretPropertiesParameters{
			ContentType: s.ContentType, Tags: s.Tags, SecretAttributes: attributesOf(s),
		}, nil)
		return ofSecret(answer.Secret), err
	case "versions":
		return listed(ctx, client.NewListSecretPropertiesVersionsPager(s.Name, nil), func(page azsecrets.ListSecretPropertiesVersionsResponse) []string {
			return mapped(page.Value, func(secret *azsecrets.SecretProperties) string { return secret.ID.Version() })
		})
	case "list":
		return listed(ctx, client.NewListSecretPropertiesPager(nil), func(page azsecrets.ListSecretPropertiesResponse) []string {
			return mapped(page.Value, func(secret *azsecrets.SecretProperties) string { return secret.ID.Name() })
		})
	case "list-deleted":
		return listed(ctx, client.NewListDeletedSecretPropertiesPager(nil), func(page azsecrets.ListDeletedSecretPropertiesResponse) []string {
			return mapped(page.Value, func(secret *azsecrets.DeletedSecretProperties) string { return secret.ID.Name() })
		})
	case "delete":
		answer, err := client.DeleteSecret(ctx, s.Name, nil)
		if err != nil {
			return result{}, err
		}
		// The module has no pollers: its documentation tells to ask for the deleted secret until it is there.
		return ofDeleted(answer.DeletedSecret), untilFound(func() error {
			_, err := client.GetDeletedSecret(ctx, s.Name, nil)
			return err
		})
	case "get-deleted":
		answer, err := client.GetDeletedSecret(ctx, s.Name, nil)
		return ofDeleted(answer.DeletedSecret), err
	case "recover":
		answer, err := client.RecoverDeletedSecret(ctx, s.Name, nil)
		if err != nil {
			return result{}, err
		}
		return ofSecret(answer.Secret), untilFound(func() error {
			_, err := client.GetSecret(ctx, s.Name, "", nil)
			return err
		})
	case "purge":
		_, err := client.PurgeDeletedSecret(ctx, s.Name, nil)
		return result{}, err
	case "backup":
		answer, err := client.BackupSecret(ctx, s.Name, nil)
		r.backups[s.ID] = answer.Value
		return result{BackedUp: to.Ptr(len(answer.Value) > 0)}, err
	case "restore":
		answer, err := client.RestoreSecret(ctx, azsecrets.RestoreSecretParameters{SecretBackup: r.backups[s.From]}, nil)
		return ofSecret(answer.Secret), err
	}
	return result{}, fmt.Errorf("no operation %q", s.Operation)
}

func (r *runner) versionOf(s step) string {
	if name, ok := strings.CutPrefix(s.Version, "@"); ok {
		return r.versions[name]
	}
	return s.Version
}

func attributesOf(s step) *azsecrets.SecretAttributes {
	if s.Enabled == nil && s.ExpiresOn == nil {
		return nil
	}
	attributes := &azsecrets.SecretAttributes{Enabled: s.Enabled}
	if s.ExpiresOn != nil {
		attributes.Expires = to.Ptr(time.Unix(*s.ExpiresOn, 0))
	}
	return attributes
}

func ofSecret(secret azsecrets.Secret) result {
	if secret.ID == nil {
		return result{}
	}
	told := result{
		Name: secret.ID.Name(), Version: secret.ID.Version(), Value: secret.Value,
		ContentType: secret.ContentType, Tags: secret.Tags,
	}
	if attributes := secret.Attributes; attributes != nil {
		told.Enabled = attributes.Enabled
		if attributes.Expires != nil {
			told.ExpiresOn = to.Ptr(attributes.Expires.Unix())
		}
	}
	return told
}

func ofDeleted(secret azsecrets.DeletedSecret) result {
	if secret.ID == nil {
		return result{}
	}
	told := result{Name: secret.ID.Name(), RecoveryID: secret.RecoveryID}
	if secret.DeletedDate != nil && secret.ScheduledPurgeDate != nil {
		told.PurgeAfterDays = to.Ptr(secret.ScheduledPurgeDate.Sub(*secret.DeletedDate).Hours() / 24)
	}
	return told
}

func listed[T any](ctx context.Context, pager *runtime.Pager[T], keys func(T) []string) (result, error) {
	told := result{Found: []string{}}
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return result{}, err
		}
		told.Pages++
		told.Found = append(told.Found, keys(page)...)
	}
	slices.Sort(told.Found)
	return told, nil
}

func mapped[T any](items []T, key func(T) string) []string {
	keys := make([]string, 0, len(items))
	for _, item := range items {
		keys = append(keys, key(item))
	}
	return keys
}

func untilFound(look func() error) error {
	for {
		err := look()
		var response *azcore.ResponseError
		if !errors.As(err, &response) || response.StatusCode != http.StatusNotFound {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
}

var aadsts = regexp.MustCompile(`AADSTS\d+`)

func failureOf(err error) *failure {
	told := &failure{Type: reflect.Indirect(reflect.ValueOf(err)).Type().Name(), Message: err.Error()}
	var refused *azcore.ResponseError
	var unauthenticated *azidentity.AuthenticationFailedError
	switch {
	case errors.As(err, &refused):
		told.Type, told.Status, told.Code = "ResponseError", refused.StatusCode, refused.ErrorCode
		told.InnerCode = innerCode(refused.RawResponse)
	case errors.As(err, &unauthenticated):
		told.Type = "AuthenticationFailedError"
		if unauthenticated.RawResponse != nil {
			told.Status = unauthenticated.RawResponse.StatusCode
		}
	}
	told.AADSTS = slices.Compact(aadsts.FindAllString(err.Error(), -1))
	return told
}

func innerCode(response *http.Response) string {
	var body struct {
		Error struct {
			InnerError struct{ Code string }
		}
	}
	payload, err := runtime.Payload(response)
	if err != nil || json.Unmarshal(payload, &body) != nil {
		return ""
	}
	return body.Error.InnerError.Code
}
