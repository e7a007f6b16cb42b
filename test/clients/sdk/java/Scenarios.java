import com.azure.core.credential.TokenCredential;
import com.azure.core.exception.HttpResponseException;
import com.azure.core.http.rest.PagedIterable;
import com.azure.core.http.rest.PagedResponse;
import com.azure.identity.ClientSecretCredentialBuilder;
import com.azure.identity.DefaultAzureCredentialBuilder;
import com.azure.identity.ManagedIdentityCredentialBuilder;
import com.azure.identity.WorkloadIdentityCredentialBuilder;
import com.azure.security.keyvault.secrets.SecretClient;
import com.azure.security.keyvault.secrets.SecretClientBuilder;
import com.azure.security.keyvault.secrets.models.DeletedSecret;
import com.azure.security.keyvault.secrets.models.KeyVaultSecret;
import com.azure.security.keyvault.secrets.models.SecretProperties;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs a script of ../protocol.ts with Microsoft's SDK for Java, its options untouched. */
public final class Scenarios {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern AADSTS = Pattern.compile("AADSTS\\d+");

    private final Map<String, SecretClient> clients = new HashMap<>();
    private final Map<String, String> versions = new HashMap<>();
    private final Map<String, byte[]> backups = new HashMap<>();

    public static void main(String[] args) throws Exception {
        JsonNode script = JSON.readTree(System.in);
        Scenarios scenarios = new Scenarios();
        script.get("sessions").fields().forEachRemaining(session -> scenarios.clients.put(
                session.getKey(),
                new SecretClientBuilder()
                        .vaultUrl(session.getValue().get("vaultUrl").asText())
                        .credential(credential(session.getValue().get("credential")))
                        .buildClient()));
        for (JsonNode step : script.get("steps")) {
            ObjectNode outcome = JSON.createObjectNode().put("id", text(step, "id"));
            try {
                ObjectNode result = scenarios.run(step);
                scenarios.versions.put(text(step, "id"), text(result, "version"));
                outcome.set("result", result);
            } catch (Exception error) {
                outcome.set("error", failure(error));
            }
            System.out.println(JSON.writeValueAsString(outcome));
        }
        // The SDK's threads are daemons, but not all of those below it.
        System.exit(0);
    }

    private static TokenCredential credential(JsonNode credential) {
        switch (text(credential, "kind")) {
            case "client-secret":
                return new ClientSecretCredentialBuilder()
                        .tenantId(text(credential, "tenantId"))
                        .clientId(text(credential, "clientId"))
                        .clientSecret(text(credential, "clientSecret"))
                        .build();
            case "workload-identity":
                return new WorkloadIdentityCredentialBuilder().build();
            case "managed-identity":
                return new ManagedIdentityCredentialBuilder().clientId(text(credential, "clientId")).build();
            case "default":
                return new DefaultAzureCredentialBuilder().build();
            default:
                throw new IllegalArgumentException("no such credential: " + credential);
        }
    }

    private ObjectNode run(JsonNode step) {
        SecretClient client = clients.get(text(step, "session"));
        String name = text(step, "name");
        switch (text(step, "operation")) {
            case "set": {
                KeyVaultSecret secret = new KeyVaultSecret(name, text(step, "value"));
                return told(client.setSecret(secret.setProperties(changed(secret.getProperties(), step))));
            }
            case "get":
                return told(client.getSecret(name, version(step)));
            case "update": {
                SecretProperties properties = client.listPropertiesOfSecretVersions(name).stream()
                        .filter(candidate -> candidate.getVersion().equals(version(step)))
                        .findFirst()
                        .orElseThrow();
                return told(client.updateSecretProperties(changed(properties, step)));
            }
            case "versions":
                return listed(client.listPropertiesOfSecretVersions(name), SecretProperties::getVersion);
            case "list":
                return listed(client.listPropertiesOfSecrets(), SecretProperties::getName);
            case "list-deleted":
                return listed(client.listDeletedSecrets(), DeletedSecret::getName);
            case "delete": {
                var poller = client.beginDeleteSecret(name);
                DeletedSecret deleted = poller.poll().getValue();
                poller.waitForCompletion();
                return told(deleted);
            }
            case "get-deleted":
                return told(client.getDeletedSecret(name));
            case "recover": {
                var poller = client.beginRecoverDeletedSecret(name);
                poller.waitForCompletion();
                return told(poller.poll().getValue().getProperties());
            }
            case "purge":
                client.purgeDeletedSecret(name);
                return JSON.createObjectNode();
            case "backup":
                backups.put(text(step, "id"), client.backupSecret(name));
                return JSON.createObjectNode().put("backedUp", backups.get(text(step, "id")).length > 0);
            case "restore":
                return told(client.restoreSecretBackup(backups.getOrDefault(text(step, "from"), new byte[0]))
                        .getProperties());
            default:
                throw new IllegalArgumentException("no such operation: " + step);
        }
    }

    private String version(JsonNode step) {
        String version = text(step, "version");
        return version != null && version.startsWith("@") ? versions.get(version.substring(1)) : version;
    }

    private static SecretProperties changed(SecretProperties properties, JsonNode step) {
        if (step.has("contentType")) {
            properties.setContentType(text(step, "contentType"));
        }
        if (step.has("tags")) {
            Map<String, String> tags = new HashMap<>();
            step.get("tags").fields().forEachRemaining(tag -> tags.put(tag.getKey(), tag.getValue().asText()));
            properties.setTags(tags);
        }
        if (step.has("enabled")) {
            properties.setEnabled(step.get("enabled").asBoolean());
        }
        if (step.has("expiresOn")) {
            Instant expires = Instant.ofEpochSecond(step.get("expiresOn").asLong());
            properties.setExpiresOn(OffsetDateTime.ofInstant(expires, ZoneOffset.UTC));
        }
        return properties;
    }

    private static ObjectNode told(KeyVaultSecret secret) {
        return told(secret.getProperties()).put("value", secret.getValue());
    }

    private static ObjectNode told(SecretProperties properties) {
        ObjectNode result = JSON.createObjectNode();
        result.put("name", properties.getName());
        result.put("version", properties.getVersion());
        result.put("contentType", properties.getContentType());
        result.set("tags", properties.getTags() == null ? null : JSON.valueToTree(properties.getTags()));
        result.put("enabled", properties.isEnabled());
        OffsetDateTime expiresOn = properties.getExpiresOn();
        result.put("expiresOn", expiresOn == null ? null : expiresOn.toEpochSecond());
        return present(result);
    }

    private static ObjectNode told(DeletedSecret secret) {
        ObjectNode result = JSON.createObjectNode();
        result.put("name", secret.getName());
        result.put("recoveryId", secret.getRecoveryId());
        if (secret.getDeletedOn() != null && secret.getScheduledPurgeDate() != null) {
            result.put("purgeAfterDays", Duration.between(secret.getDeletedOn(), secret.getScheduledPurgeDate()).toDays());
        }
        return present(result);
    }

    private static <T> ObjectNode listed(PagedIterable<T> items, Function<T, String> key) {
        List<String> found = new ArrayList<>();
        int pages = 0;
        for (PagedResponse<T> page : items.iterableByPage()) {
            pages += 1;
            page.getValue().forEach(item -> found.add(key.apply(item)));
        }
        Collections.sort(found);
        ObjectNode result = JSON.createObjectNode().put("pages", pages);
        return result.set("found", JSON.valueToTree(found));
    }

    private static ObjectNode failure(Exception thrown) {
        Throwable error = thrown;
        // The synchronous clients wrap what the sign-in library throws.
        while (error.getCause() != null
                && (error.getClass() == RuntimeException.class || error instanceof ExecutionException)) {
            error = error.getCause();
        }
        ObjectNode failure = JSON.createObjectNode();
        failure.put("type", error.getClass().getSimpleName());
        failure.put("message", String.valueOf(error.getMessage()));
        if (error instanceof HttpResponseException refused && refused.getResponse() != null) {
            failure.put("status", refused.getResponse().getStatusCode());
            JsonNode body = JSON.valueToTree(refused.getValue());
            // The client for secrets hands out the error itself, others the body around it.
            JsonNode told = body.path("error").isObject() ? body.get("error") : body;
            failure.put("code", text(told, "code"));
            failure.put("innerCode", text(told.path("innererror"), "code"));
        }
        List<String> codes = new ArrayList<>();
        for (Matcher match = AADSTS.matcher(failure.get("message").asText()); match.find(); ) {
            if (!codes.contains(match.group())) {
                codes.add(match.group());
            }
        }
        failure.set("aadsts", codes.isEmpty() ? null : JSON.valueToTree(codes));
        return present(failure);
    }

    private static String text(JsonNode node, String field) {
        return node.path(field).isTextual() ? node.get(field).asText() : null;
    }

    private static ObjectNode present(ObjectNode node) {
        List<String> absent = new ArrayList<>();
        node.fields().forEachRemaining(field -> {
            if (field.getValue() == null || field.getValue().isNull()) {
                absent.add(field.getKey());
            }
        });
        return node.remove(absent);
    }
}
