// Writes PKCS#12 files with an empty password in every way that go-pkcs12 has: <folder>/<way>.p12 for each, from the
// PKCS#8 key and the certificate in <folder>/key.pem and <folder>/cert.pem.
package main

import (
	"crypto/x509"
	"encoding/pem"
	"log"
	"os"
	"path/filepath"

	"software.sslmate.com/src/go-pkcs12"
)

func main() {
	folder := os.Args[1]
	key, err := x509.ParsePKCS8PrivateKey(read(folder, "key.pem"))
	check(err)
	certificate, err := x509.ParseCertificate(read(folder, "cert.pem"))
	check(err)
	ways := map[string]*pkcs12.Encoder{
		"Modern2026":   pkcs12.Modern2026,
		"Modern2023":   pkcs12.Modern2023,
		"LegacyDES":    pkcs12.LegacyDES,
		"LegacyRC2":    pkcs12.LegacyRC2,
		"Passwordless": pkcs12.Passwordless,
	}
	for way, encoder := range ways {
		file, err := encoder.Encode(key, certificate, []*x509.Certificate{certificate}, "")
		check(err)
		check(os.WriteFile(filepath.Join(folder, way+".p12"), file, 0o600))
	}
}

func read(folder, name string) []byte {
	text, err := os.ReadFile(filepath.Join(folder, name))
	check(err)
	block, _ := pem.Decode(text)
	if block == nil {
		log.Fatalf("%s is no PEM", name)
	}
	return block.Bytes
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
