package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// withTLS speaks TLS with a certificate of a CA made for it, and writes the CA's and one for clients.
func withTLS(listener net.Listener, folder string, clients bool) net.Listener {
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a CA for tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caKey := newKey()
	ca = signed(ca, ca, caKey.Public(), caKey)
	server, serverKey := leaf(2, ca, caKey, x509.ExtKeyUsageServerAuth)
	client, clientKey := leaf(3, ca, caKey, x509.ExtKeyUsageClientAuth)
	write(folder, "ca.pem", "CERTIFICATE", ca.Raw)
	write(folder, "client.pem", "CERTIFICATE", client.Raw)
	raw, _ := x509.MarshalECPrivateKey(clientKey)
	write(folder, "client-key.pem", "EC PRIVATE KEY", raw)
	config := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{server.Raw}, PrivateKey: serverKey}},
		ClientCAs:    x509.NewCertPool(),
	}
	config.ClientCAs.AddCert(ca)
	if clients {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return tls.NewListener(listener, config)
}

func leaf(
	serial int64, ca *x509.Certificate, caKey *ecdsa.PrivateKey, usage x509.ExtKeyUsage,
) (*x509.Certificate, *ecdsa.PrivateKey) {
	key := newKey()
	wanted := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "a program"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	return signed(wanted, ca, key.Public(), caKey), key
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func signed(wanted, by *x509.Certificate, key crypto.PublicKey, with *ecdsa.PrivateKey) *x509.Certificate {
	raw, err := x509.CreateCertificate(rand.Reader, wanted, by, key, with)
	if err != nil {
		panic(err)
	}
	made, err := x509.ParseCertificate(raw)
	if err != nil {
		panic(err)
	}
	return made
}

func write(folder, name, kind string, raw []byte) {
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
	if err := os.WriteFile(filepath.Join(folder, name), block, 0o600); err != nil {
		panic(err)
	}
}
