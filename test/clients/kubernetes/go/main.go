// Command checks runs the checks of ../expectations.ts with client-go. Arguments: the port that pod `server` listens on.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"
)

const namespace = "go"

var serverPort = os.Args[1]

type checks struct {
	config *rest.Config
	client kubernetes.Interface
}

func main() {
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	must(err)
	client, err := kubernetes.NewForConfig(config)
	must(err)
	_, err = client.CoreV1().Namespaces().Create(context.Background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	must(err)
	c := checks{config, client}
	output := json.NewEncoder(os.Stdout)
	for _, check := range []struct {
		name string
		run  func(context.Context) (any, error)
	}{
		{"a list in pages", c.pages},
		{"what is refused", c.refusals},
		{"every kind of patch", c.patches},
		{"server-side apply", c.apply},
		{"a watch", c.watch},
		{"a watch from a revision that is gone", c.gone},
		{"an informer with a label selector", c.informer},
		{"an informer whose watch ends", c.informerGoesOn},
		{"an informer whose revision is gone", c.informerListsAgain},
		{"a command in a container", c.command},
		{"a log", c.log},
		{"a forwarded port", c.forwarded},
		{"a custom resource", c.customResource},
		{"scaling a deployment", c.scaling},
		{"deleting a collection", c.deleteCollection},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		told, err := check.run(ctx)
		cancel()
		outcome := map[string]any{"check": check.name}
		if err != nil {
			outcome["failed"] = err.Error()
		} else {
			outcome["told"] = told
		}
		must(output.Encode(outcome))
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (c checks) pages(ctx context.Context) (any, error) {
	for i := range 5 {
		if _, err := c.create(ctx, fmt.Sprintf("page-%d", i), map[string]string{"list": "pages"}); err != nil {
			return nil, err
		}
	}
	names, pages := []string{}, 0
	options := metav1.ListOptions{LabelSelector: "list=pages", Limit: 2}
	for {
		page, err := c.client.CoreV1().ConfigMaps(namespace).List(ctx, options)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			names = append(names, item.Name)
		}
		pages++
		if options.Continue = page.Continue; options.Continue == "" {
			return map[string]any{"names": names, "pages": pages}, nil
		}
	}
}

func (c checks) refusals(ctx context.Context) (any, error) {
	created, err := c.create(ctx, "refused", nil)
	if err != nil {
		return nil, err
	}
	if _, err := c.patch(ctx, "refused", types.MergePatchType, `{"data":{"a":"b"}}`); err != nil {
		return nil, err
	}
	_, missing := c.client.CoreV1().ConfigMaps(namespace).Get(ctx, "nobody", metav1.GetOptions{})
	_, twice := c.create(ctx, "refused", nil)
	_, stale := c.client.CoreV1().ConfigMaps(namespace).Update(ctx, created, metav1.UpdateOptions{})
	_, invalid := c.create(ctx, "Not_A_Name", nil)
	return map[string]any{
		"missing": refusal(missing), "twice": refusal(twice), "stale": refusal(stale), "invalid": refusal(invalid),
	}, nil
}

func (c checks) patches(ctx context.Context) (any, error) {
	if _, err := c.create(ctx, "patched", nil); err != nil {
		return nil, err
	}
	if _, err := c.patch(ctx, "patched", types.MergePatchType, `{"data":{"merge":"1","gone":"1"}}`); err != nil {
		return nil, err
	}
	if _, err := c.patch(ctx, "patched", types.StrategicMergePatchType, `{"data":{"strategic":"2","gone":null}}`); err != nil {
		return nil, err
	}
	patched, err := c.patch(ctx, "patched", types.JSONPatchType, `[{"op":"add","path":"/data/json","value":"3"}]`)
	if err != nil {
		return nil, err
	}
	return patched.Data, nil
}

func (c checks) apply(ctx context.Context) (any, error) {
	apply := func(manager string, data map[string]string, force bool) (*corev1.ConfigMap, error) {
		return c.client.CoreV1().ConfigMaps(namespace).Apply(ctx,
			applycorev1.ConfigMap("applied", namespace).WithData(data), metav1.ApplyOptions{FieldManager: manager, Force: force})
	}
	if _, err := apply("one", map[string]string{"own": "1", "shared": "1"}, false); err != nil {
		return nil, err
	}
	_, refused := apply("two", map[string]string{"shared": "2"}, false)
	applied, err := apply("two", map[string]string{"shared": "2"}, true)
	if err != nil {
		return nil, err
	}
	managers := []string{}
	for _, entry := range applied.ManagedFields {
		managers = append(managers, entry.Manager)
	}
	return map[string]any{"refused": refusal(refused), "data": applied.Data, "managers": managers}, nil
}

func (c checks) watch(ctx context.Context) (any, error) {
	configMaps := c.client.CoreV1().ConfigMaps(namespace)
	list, err := configMaps.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	watcher, err := configMaps.Watch(ctx, metav1.ListOptions{
		ResourceVersion: list.ResourceVersion, FieldSelector: "metadata.name=watched",
	})
	if err != nil {
		return nil, err
	}
	defer watcher.Stop()
	if _, err := c.create(ctx, "watched", nil); err != nil {
		return nil, err
	}
	if _, err := c.patch(ctx, "watched", types.MergePatchType, `{"data":{"a":"b"}}`); err != nil {
		return nil, err
	}
	if err := configMaps.Delete(ctx, "watched", metav1.DeleteOptions{}); err != nil {
		return nil, err
	}
	events := []string{}
	for event := range watcher.ResultChan() {
		if object, ok := event.Object.(*corev1.ConfigMap); ok {
			events = append(events, fmt.Sprintf("%s %s", event.Type, object.Name))
		}
		if len(events) == 3 {
			return events, nil
		}
	}
	return nil, fmt.Errorf("the watch ended after %v", events)
}

func (c checks) gone(ctx context.Context) (any, error) {
	watcher, err := c.client.CoreV1().ConfigMaps(namespace).Watch(ctx, metav1.ListOptions{ResourceVersion: "1"})
	if err != nil {
		return refusal(err), nil
	}
	defer watcher.Stop()
	return refusal(apierrors.FromObject((<-watcher.ResultChan()).Object)), nil
}

// recorder keeps what an informer's handler is told.
type recorder struct {
	mutex  sync.Mutex
	events []string
}

func (r *recorder) add(verb string, object any) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.events = append(r.events, verb+" "+object.(*corev1.ConfigMap).Name)
}

func (r *recorder) upTo(ctx context.Context, count int) error {
	return wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(context.Context) (bool, error) {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		return len(r.events) >= count, nil
	})
}

func (c checks) informer(ctx context.Context) (any, error) {
	var told recorder
	factory := informers.NewSharedInformerFactoryWithOptions(c.client, 0, informers.WithNamespace(namespace),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = "watch=me" }))
	informer := factory.Core().V1().ConfigMaps().Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { told.add("add", object) },
		DeleteFunc: func(object any) { told.add("delete", object) },
	}); err != nil {
		return nil, err
	}
	if _, err := c.create(ctx, "there-before", map[string]string{"watch": "me"}); err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	if _, err := c.create(ctx, "without-label", nil); err != nil {
		return nil, err
	}
	if _, err := c.create(ctx, "with-label", map[string]string{"watch": "me"}); err != nil {
		return nil, err
	}
	steps := []func() error{
		func() error { return c.relabel(ctx, "with-label", "not-me") },
		func() error { return c.relabel(ctx, "with-label", "me") },
		func() error {
			return c.client.CoreV1().ConfigMaps(namespace).Delete(ctx, "there-before", metav1.DeleteOptions{})
		},
	}
	for done, step := range steps {
		if err := told.upTo(ctx, done+2); err != nil {
			return nil, err
		}
		if err := step(); err != nil {
			return nil, err
		}
	}
	err := told.upTo(ctx, 5)
	return told.events, err
}

func (c checks) informerGoesOn(ctx context.Context) (any, error) {
	var connections cuttable
	config := rest.CopyConfig(c.config)
	config.Dial = connections.dial
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	var told recorder
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	informer := factory.Core().V1().ConfigMaps().Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(object any) {
		if strings.HasPrefix(object.(*corev1.ConfigMap).Name, "cut-") {
			told.add("add", object)
		}
	}}); err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	if _, err := c.create(ctx, "cut-before", nil); err != nil {
		return nil, err
	}
	if err := told.upTo(ctx, 1); err != nil {
		return nil, err
	}
	connections.cut()
	if _, err := c.create(ctx, "cut-after", nil); err != nil {
		return nil, err
	}
	err = told.upTo(ctx, 2)
	return told.events, err
}

func (c checks) informerListsAgain(ctx context.Context) (any, error) {
	var told recorder
	var watches atomic.Int32
	configMaps := c.client.CoreV1().ConfigMaps(namespace)
	const selector = "gone=yes"
	informer := cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.LabelSelector = selector
			return configMaps.List(ctx, options)
		},
		// The first watch starts at a revision that is long gone, as one after a list from a late copy of the data would.
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			if watches.Add(1) == 1 {
				options = metav1.ListOptions{ResourceVersion: "1"}
			}
			options.LabelSelector = selector
			return configMaps.Watch(ctx, options)
		},
	}, &corev1.ConfigMap{}, 0, cache.Indexers{})
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { told.add("add", object) },
	}); err != nil {
		return nil, err
	}
	if _, err := c.create(ctx, "gone-before", map[string]string{"gone": "yes"}); err != nil {
		return nil, err
	}
	go informer.RunWithContext(ctx)
	if err := told.upTo(ctx, 1); err != nil {
		return nil, err
	}
	if _, err := c.create(ctx, "gone-after", map[string]string{"gone": "yes"}); err != nil {
		return nil, err
	}
	err := told.upTo(ctx, 2)
	return told.events, err
}

// cuttable remembers the connections that it made, to cut them.
type cuttable struct {
	mutex sync.Mutex
	made  []net.Conn
}

func (c *cuttable) dial(ctx context.Context, network, address string) (net.Conn, error) {
	connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err == nil {
		c.made = append(c.made, connection)
	}
	return connection, err
}

func (c *cuttable) cut() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, connection := range c.made {
		_ = connection.Close()
	}
}

func (c checks) command(ctx context.Context) (any, error) {
	run := func(command []string, stdin io.Reader) (any, error) {
		request := c.client.CoreV1().RESTClient().Post().Resource("pods").Namespace("default").Name("teller").
			SubResource("exec").VersionedParams(&corev1.PodExecOptions{
			Command: command, Stdin: stdin != nil, Stdout: true, Stderr: true,
		}, scheme.ParameterCodec)
		executor, err := remotecommand.NewWebSocketExecutor(c.config, http.MethodGet, request.URL().String())
		if err != nil {
			return nil, err
		}
		var out, errOut bytes.Buffer
		err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: stdin, Stdout: &out, Stderr: &errOut})
		code := 0
		var exit utilexec.ExitError
		if errors.As(err, &exit) {
			code = exit.ExitStatus()
		} else if err != nil {
			return nil, err
		}
		return map[string]any{"out": out.String(), "err": errOut.String(), "code": code}, nil
	}
	first, err := run([]string{"sh", "-c", "echo out; echo err >&2; exit 3"}, nil)
	if err != nil {
		return nil, err
	}
	second, err := run([]string{"head", "-c", "5"}, strings.NewReader("hello, and more"))
	return []any{first, second}, err
}

func (c checks) log(ctx context.Context) (any, error) {
	text, err := c.client.CoreV1().Pods("default").GetLogs("teller", &corev1.PodLogOptions{}).DoRaw(ctx)
	return string(text), err
}

func (c checks) forwarded(ctx context.Context) (any, error) {
	address := c.client.CoreV1().RESTClient().Post().Resource("pods").Namespace("default").Name("server").
		SubResource("portforward").URL()
	dialer, err := portforward.NewSPDYOverWebsocketDialer(address, c.config)
	if err != nil {
		return nil, err
	}
	stop, ready := make(chan struct{}), make(chan struct{})
	defer close(stop)
	forwarder, err := portforward.New(dialer, []string{"0:" + serverPort}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		return nil, err
	}
	failed := make(chan error, 1)
	go func() { failed <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-failed:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		return nil, err
	}
	answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/index.html", ports[0].Local))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

func (c checks) customResource(ctx context.Context) (any, error) {
	client, err := dynamic.NewForConfig(c.config)
	if err != nil {
		return nil, err
	}
	group := namespace + ".example.com"
	definitions := client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	definition := map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata":   map[string]any{"name": "widgets." + group},
		"spec": map[string]any{
			"group": group,
			"scope": "Namespaced",
			"names": map[string]any{"plural": "widgets", "singular": "widget", "kind": "Widget"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{
					"type": "object",
					"properties": map[string]any{"spec": map[string]any{
						"type":       "object",
						"properties": map[string]any{"size": map[string]any{"type": "integer", "minimum": int64(1)}},
					}},
				}},
			}},
		},
	}
	if _, err := definitions.Create(ctx, &unstructured.Unstructured{Object: definition}, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	established := func(ctx context.Context) (bool, error) {
		current, err := definitions.Get(ctx, "widgets."+group, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		conditions, _, err := unstructured.NestedSlice(current.Object, "status", "conditions")
		for _, condition := range conditions {
			if told, ok := condition.(map[string]any); ok && told["type"] == "Established" && told["status"] == "True" {
				return true, nil
			}
		}
		return false, err
	}
	if err := wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, established); err != nil {
		return nil, err
	}
	widgets := client.Resource(schema.GroupVersionResource{Group: group, Version: "v1", Resource: "widgets"}).Namespace(namespace)
	create := func(size int64) error {
		_, err := widgets.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": group + "/v1", "kind": "Widget",
			"metadata": map[string]any{"name": fmt.Sprintf("size-%d", size)}, "spec": map[string]any{"size": size},
		}}, metav1.CreateOptions{})
		return err
	}
	if err := create(2); err != nil {
		return nil, err
	}
	refused := create(0)
	list, err := widgets.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	specs := []any{}
	for _, item := range list.Items {
		specs = append(specs, item.Object["spec"])
	}
	return map[string]any{"specs": specs, "refused": refusal(refused)}, nil
}

func (c checks) scaling(ctx context.Context) (any, error) {
	labels := map[string]string{"app": "scaled"}
	deployments := c.client.AppsV1().Deployments(namespace)
	_, err := deployments.Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "scaled"},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{
					{Name: "c", Image: "debian:12", Command: []string{"sleep", "infinity"}},
				}},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	scale, err := deployments.GetScale(ctx, "scaled", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	selector := scale.Status.Selector
	scale.Spec = autoscalingv1.ScaleSpec{Replicas: 1}
	if _, err := deployments.UpdateScale(ctx, "scaled", scale, metav1.UpdateOptions{}); err != nil {
		return nil, err
	}
	scaled, err := deployments.Get(ctx, "scaled", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return map[string]any{"selector": selector, "replicas": scaled.Spec.Replicas}, nil
}

func (c checks) deleteCollection(ctx context.Context) (any, error) {
	configMaps := c.client.CoreV1().ConfigMaps(namespace)
	selected := metav1.ListOptions{LabelSelector: "list=pages"}
	if err := configMaps.DeleteCollection(ctx, metav1.DeleteOptions{}, selected); err != nil {
		return nil, err
	}
	left, err := configMaps.List(ctx, selected)
	if err != nil {
		return nil, err
	}
	return append([]corev1.ConfigMap{}, left.Items...), nil
}

func (c checks) create(ctx context.Context, name string, labels map[string]string) (*corev1.ConfigMap, error) {
	return c.client.CoreV1().ConfigMaps(namespace).Create(ctx,
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, metav1.CreateOptions{})
}

func (c checks) patch(ctx context.Context, name string, kind types.PatchType, patch string) (*corev1.ConfigMap, error) {
	return c.client.CoreV1().ConfigMaps(namespace).Patch(ctx, name, kind, []byte(patch), metav1.PatchOptions{})
}

func (c checks) relabel(ctx context.Context, name, watch string) error {
	_, err := c.patch(ctx, name, types.MergePatchType, fmt.Sprintf(`{"metadata":{"labels":{"watch":%q}}}`, watch))
	return err
}

// refusal is the code and reason of the Status that a call is refused with.
func refusal(err error) []any {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return []any{0, fmt.Sprint(err)}
	}
	return []any{status.Status().Code, status.Status().Reason}
}
