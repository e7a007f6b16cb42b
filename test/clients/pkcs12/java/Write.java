import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.security.KeyStore;

/**
 * Writes the entry of the PKCS#12 file args[0], whose password is "secret", to args[1] with an empty password, as the Java
 * of this machine does it; with -Dkeystore.pkcs12.legacy as older ones did.
 */
public class Write {
    public static void main(String[] args) throws Exception {
        char[] secret = "secret".toCharArray();
        KeyStore from = KeyStore.getInstance("PKCS12");
        try (var file = new FileInputStream(args[0])) {
            from.load(file, secret);
        }
        String alias = from.aliases().nextElement();
        KeyStore to = KeyStore.getInstance("PKCS12");
        to.load(null, null);
        to.setKeyEntry(alias, from.getKey(alias, secret), new char[0], from.getCertificateChain(alias));
        try (var file = new FileOutputStream(args[1])) {
            to.store(file, new char[0]);
        }
    }
}
