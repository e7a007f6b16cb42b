"""The checks of ../expectations.ts with the official Python client. Arguments: the port that pod `server` listens on."""

import functools
import json
import sys
import threading
import time
import traceback

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException
from kubernetes.informer import ADDED, DELETED, SharedInformer
from kubernetes.stream import portforward, stream

NAMESPACE = "python"
SERVER_PORT = int(sys.argv[1])

config.load_kube_config()
core = client.CoreV1Api()
CHECKS = {}


def check(name):
    return lambda function: CHECKS.setdefault(name, function)


@check("a list in pages")
def pages():
    for i in range(5):
        create(f"page-{i}", {"list": "pages"})
    names, count, token = [], 0, None
    while True:
        page = core.list_namespaced_config_map(NAMESPACE, label_selector="list=pages", limit=2, _continue=token)
        names += [item.metadata.name for item in page.items]
        count += 1
        token = page.metadata._continue
        if not token:
            return {"names": names, "pages": count}


@check("what is refused")
def refusals():
    created = create("refused")
    core.patch_namespaced_config_map("refused", NAMESPACE, {"data": {"a": "b"}})
    return {
        "missing": refusal(lambda: core.read_namespaced_config_map("nobody", NAMESPACE)),
        "twice": refusal(lambda: create("refused")),
        "stale": refusal(lambda: core.replace_namespaced_config_map("refused", NAMESPACE, created)),
        "invalid": refusal(lambda: create("Not_A_Name")),
    }


@check("every kind of patch")
def patches():
    create("patched")

    def patch(content_type, body):
        return core.patch_namespaced_config_map("patched", NAMESPACE, body, _content_type=content_type)

    patch("application/merge-patch+json", {"data": {"merge": "1", "gone": "1"}})
    patch("application/strategic-merge-patch+json", {"data": {"strategic": "2", "gone": None}})
    return patch("application/json-patch+json", [{"op": "add", "path": "/data/json", "value": "3"}]).data


@check("server-side apply")
def apply():
    config_maps = dynamic_client().resources.get(api_version="v1", kind="ConfigMap")

    def apply_as(manager, data, force=False):
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": data}
        return config_maps.server_side_apply(
            body=body, name="applied", namespace=NAMESPACE, field_manager=manager, force_conflicts=force
        )

    apply_as("one", {"own": "1", "shared": "1"})
    refused = refusal(lambda: apply_as("two", {"shared": "2"}))
    applied = apply_as("two", {"shared": "2"}, force=True)
    return {
        "refused": refused,
        "data": applied.data.to_dict(),
        "managers": [entry.manager for entry in applied.metadata.managedFields],
    }


@check("a watch")
def watched():
    revision = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    threading.Thread(target=change_and_delete, args=("watched",)).start()
    events = []
    watcher = watch.Watch()
    for event in watcher.stream(
        core.list_namespaced_config_map,
        NAMESPACE,
        resource_version=revision,
        field_selector="metadata.name=watched",
    ):
        events.append(f"{event['type']} {event['object'].metadata.name}")
        if len(events) == 3:
            watcher.stop()
    return events


@check("a watch from a revision that is gone")
def gone():
    # The library's Watch would list again by itself.
    response = core.list_namespaced_config_map(
        NAMESPACE, resource_version="1", watch=True, _preload_content=False, _request_timeout=20
    )
    status = json.loads(response.readline())["object"]
    response.close()
    return [status["code"], status["reason"]]


@check("an informer with a label selector")
def informer():
    events = []
    informer = SharedInformer(core.list_namespaced_config_map, namespace=NAMESPACE, label_selector="watch=me", resync_period=1)
    informer.add_event_handler(ADDED, lambda item: events.append(f"add {item.metadata.name}"))
    informer.add_event_handler(DELETED, lambda item: events.append(f"delete {item.metadata.name}"))
    create("there-before", {"watch": "me"})
    informer.start()
    create("without-label")
    create("with-label", {"watch": "me"})
    until(lambda: len(events) >= 2)
    core.patch_namespaced_config_map("with-label", NAMESPACE, {"metadata": {"labels": {"watch": "not-me"}}})
    until(lambda: len(events) >= 3)
    core.patch_namespaced_config_map("with-label", NAMESPACE, {"metadata": {"labels": {"watch": "me"}}})
    until(lambda: len(events) >= 4)
    core.delete_namespaced_config_map("there-before", NAMESPACE)
    until(lambda: len(events) >= 5)
    informer.stop()
    return events


@check("an informer whose watch ends")
def informer_goes_on():
    events = []
    # The server ends each watch after a second, and the informer goes on from where it was.
    informer = SharedInformer(core.list_namespaced_config_map, namespace=NAMESPACE, resync_period=1)

    def added(item):
        if item.metadata.name.startswith("cut-"):
            events.append(f"add {item.metadata.name}")

    informer.add_event_handler(ADDED, added)
    informer.start()
    create("cut-before")
    until(lambda: len(events) >= 1)
    time.sleep(1.5)
    create("cut-after")
    until(lambda: len(events) >= 2)
    informer.stop()
    return events


@check("an informer whose revision is gone")
def informer_lists_again():
    revisions = []

    # The first watch starts at a revision that is long gone, as one after a list from a late copy of the data would.
    @functools.wraps(core.list_namespaced_config_map)
    def list_config_maps(*args, **kwargs):
        answer = core.list_namespaced_config_map(*args, **kwargs)
        if not kwargs.get("watch"):
            revisions.append(answer.metadata.resource_version)
            if len(revisions) == 1:
                answer.metadata.resource_version = "1"
        return answer

    events = []
    informer = SharedInformer(list_config_maps, namespace=NAMESPACE, label_selector="gone=yes", resync_period=1)
    informer.add_event_handler(ADDED, lambda item: events.append(f"add {item.metadata.name}"))
    create("gone-before", {"gone": "yes"})
    informer.start()
    until(lambda: len(revisions) >= 2)
    create("gone-after", {"gone": "yes"})
    until(lambda: len(events) >= 2)
    informer.stop()
    return events


@check("a command in a container")
def command():
    def run(words, stdin=None):
        channel = stream(
            core.connect_get_namespaced_pod_exec,
            "teller",
            "default",
            command=words,
            stdin=stdin is not None,
            stdout=True,
            stderr=True,
            tty=False,
            _preload_content=False,
        )
        if stdin is not None:
            channel.write_stdin(stdin)
        channel.run_forever(timeout=20)
        return {"out": channel.read_stdout() or "", "err": channel.read_stderr() or "", "code": channel.returncode}

    return [
        run(["sh", "-c", "echo out; echo err >&2; exit 3"]),
        run(["head", "-c", "5"], "hello, and more"),
    ]


@check("a log")
def log():
    return core.read_namespaced_pod_log("teller", "default")


@check("a forwarded port")
def forwarded():
    forward = portforward(core.connect_get_namespaced_pod_portforward, "server", "default", ports=str(SERVER_PORT))
    socket = forward.socket(SERVER_PORT)
    socket.setblocking(True)
    socket.sendall(b"GET /index.html HTTP/1.0\r\nHost: server\r\n\r\n")
    answer = b""
    while chunk := socket.recv(4096):
        answer += chunk
    socket.close()
    return answer.partition(b"\r\n\r\n")[2].decode()


@check("a custom resource")
def custom_resource():
    group = f"{NAMESPACE}.example.com"
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer", "minimum": 1}}}},
    }
    utils.create_from_dict(
        client.ApiClient(),
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"widgets.{group}"},
            "spec": {
                "group": group,
                "scope": "Namespaced",
                "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
                "versions": [
                    {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
                ],
            },
        },
    )
    definitions = client.ApiextensionsV1Api()

    def established():
        conditions = definitions.read_custom_resource_definition(f"widgets.{group}").status.conditions or []
        return any(condition.type == "Established" and condition.status == "True" for condition in conditions)

    until(established)
    widgets = dynamic_client().resources.get(api_version=f"{group}/v1", kind="Widget")

    def widget(size):
        metadata = {"name": f"size-{size}"}
        return {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": metadata, "spec": {"size": size}}

    widgets.create(body=widget(2), namespace=NAMESPACE)
    refused = refusal(lambda: widgets.create(body=widget(0), namespace=NAMESPACE))
    return {"specs": [item.spec.to_dict() for item in widgets.get(namespace=NAMESPACE).items], "refused": refused}


@check("scaling a deployment")
def scaling():
    apps = client.AppsV1Api()
    container = {"name": "c", "image": "debian:12", "command": ["sleep", "infinity"]}
    utils.create_from_dict(
        client.ApiClient(),
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "scaled", "namespace": NAMESPACE},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"app": "scaled"}},
                "template": {"metadata": {"labels": {"app": "scaled"}}, "spec": {"containers": [container]}},
            },
        },
    )
    scale = apps.read_namespaced_deployment_scale("scaled", NAMESPACE)
    apps.patch_namespaced_deployment_scale("scaled", NAMESPACE, {"spec": {"replicas": 1}})
    replicas = apps.read_namespaced_deployment("scaled", NAMESPACE).spec.replicas
    return {"selector": scale.status.selector, "replicas": replicas}


@check("deleting a collection")
def delete_collection():
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="list=pages")
    return core.list_namespaced_config_map(NAMESPACE, label_selector="list=pages").items


def create(name, labels=None):
    return core.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": name, "labels": labels or {}}})


def change_and_delete(name):
    create(name)
    core.patch_namespaced_config_map(name, NAMESPACE, {"data": {"a": "b"}})
    core.delete_namespaced_config_map(name, NAMESPACE)


def dynamic_client():
    return dynamic.DynamicClient(client.ApiClient())


def refusal(call):
    """The code and reason of the Status that a call is refused with."""
    try:
        return str(call())
    except (ApiException, dynamic.exceptions.DynamicApiError) as error:
        return [error.status, json.loads(error.body)["reason"]]


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("not after 20 s")
        time.sleep(0.02)


core.create_namespace({"metadata": {"name": NAMESPACE}})
for name, run in CHECKS.items():
    try:
        outcome = {"told": run()}
    except Exception:
        outcome = {"failed": traceback.format_exc()}
    print(json.dumps({"check": name, **outcome}), flush=True)
