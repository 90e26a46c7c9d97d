package mongostore

import (
	"crypto/tls"
	"fmt"
	"net/url"
	"os"
	"strings"
)

// certificateFile is the PEM file with the certificate that the URI has the driver show, and its key; empty: none, or one
// whose key has a password, which the driver reads once.
func certificateFile(uri string) (file string) {
	_, query, _ := strings.Cut(uri, "?")
	for option := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(option, "=")
		switch strings.ToLower(name) {
		case "tlscertificatekeyfile", "sslclientcertificatekeyfile":
			file, _ = url.QueryUnescape(value)
		case "tlscertificatekeyfilepassword", "sslclientcertificatekeypassword":
			return ""
		}
	}
	return file
}

// renewed reads the certificate anew for every connection, so that one that was replaced is shown without a restart. The
// driver would read it once.
func renewed(file string) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the certificate for MongoDB: %w", err)
		}
		pair, err := tls.X509KeyPair(pem, pem)
		if err != nil {
			return nil, fmt.Errorf("read the certificate for MongoDB and its key from %s: %w", file, err)
		}
		return &pair, nil
	}
}
