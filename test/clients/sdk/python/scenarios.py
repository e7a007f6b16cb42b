"""Runs a script of ../protocol.ts with Microsoft's SDK for Python, its options untouched."""

import json
import re
import sys
from datetime import datetime, timezone

from azure.identity import (
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from azure.keyvault.secrets import SecretClient


def create_credential(credential):
    match credential["kind"]:
        case "client-secret":
            return ClientSecretCredential(
                credential["tenantId"], credential["clientId"], credential["clientSecret"]
            )
        case "workload-identity":
            return WorkloadIdentityCredential()
        case "managed-identity":
            return ManagedIdentityCredential(client_id=credential.get("clientId"))
        case "default":
            return DefaultAzureCredential()


class Runner:
    def __init__(self, sessions):
        self.clients = {
            name: SecretClient(session["vaultUrl"], create_credential(session["credential"]))
            for name, session in sessions.items()
        }
        self.versions = {}
        self.backups = {}

    def run(self, step):
        client = self.clients[step["session"]]
        name = step.get("name")
        match step["operation"]:
            case "set":
                return of_secret(client.set_secret(name, step["value"], **attributes_of(step)))
            case "get":
                return of_secret(client.get_secret(name, self.version_of(step)))
            case "update":
                return of_properties(
                    client.update_secret_properties(name, self.version_of(step), **attributes_of(step))
                )
            case "versions":
                return listed(client.list_properties_of_secret_versions(name), "version")
            case "list":
                return listed(client.list_properties_of_secrets(), "name")
            case "list-deleted":
                return listed(client.list_deleted_secrets(), "name")
            case "delete":
                return of_deleted(client.begin_delete_secret(name).result())
            case "get-deleted":
                return of_deleted(client.get_deleted_secret(name))
            case "recover":
                return of_properties(client.begin_recover_deleted_secret(name).result())
            case "purge":
                client.purge_deleted_secret(name)
                return {}
            case "backup":
                self.backups[step["id"]] = client.backup_secret(name)
                return {"backedUp": len(self.backups[step["id"]]) > 0}
            case "restore":
                return of_properties(client.restore_secret_backup(self.backups.get(step["from"], b"")))

    def version_of(self, step):
        version = step.get("version")
        return self.versions[version[1:]] if version and version.startswith("@") else version


def attributes_of(step):
    names = {"contentType": "content_type", "tags": "tags", "enabled": "enabled"}
    attributes = {names[key]: step[key] for key in names if key in step}
    if "expiresOn" in step:
        attributes["expires_on"] = datetime.fromtimestamp(step["expiresOn"], timezone.utc)
    return attributes


def of_secret(secret):
    return {**of_properties(secret.properties), "value": secret.value}


def of_properties(properties):
    expires_on = properties.expires_on
    return present(
        name=properties.name,
        version=properties.version,
        contentType=properties.content_type,
        tags=properties.tags,
        enabled=properties.enabled,
        expiresOn=None if expires_on is None else int(expires_on.timestamp()),
    )


def of_deleted(secret):
    days = None
    if secret.deleted_date and secret.scheduled_purge_date:
        days = (secret.scheduled_purge_date - secret.deleted_date).days
    return present(name=secret.name, recoveryId=secret.recovery_id, purgeAfterDays=days)


def listed(items, key):
    pages = [[getattr(item, key) for item in page] for page in items.by_page()]
    return {"found": sorted(name for page in pages for name in page), "pages": len(pages)}


def failure_of(error):
    body = getattr(error, "error", None)
    inner = getattr(body, "innererror", None) or {}
    return present(
        type=type(error).__name__,
        status=getattr(error, "status_code", None),
        code=getattr(body, "code", None),
        innerCode=inner.get("code"),
        aadsts=list(dict.fromkeys(re.findall(r"AADSTS\d+", str(error)))) or None,
        message=str(error),
    )


def present(**values):
    return {key: value for key, value in values.items() if value is not None}


def main():
    script = json.load(sys.stdin)
    runner = Runner(script["sessions"])
    for step in script["steps"]:
        try:
            result = runner.run(step)
            runner.versions[step["id"]] = result.get("version")
            outcome = {"result": result}
        except Exception as error:  # any error is an outcome
            outcome = {"error": failure_of(error)}
        print(json.dumps({"id": step["id"], **outcome}), flush=True)


main()
