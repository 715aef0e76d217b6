#pragma once
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

// Variadic in libcrypto, which Swift does not import.
static inline EVP_PKEY *copenssl_generate_p256(void)          { return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"); }
// Without a callback libcrypto would ask a person at the terminal for the passphrase of an encrypted key.
static inline int copenssl_no_passphrase(char *b, int n, int w, void *u) { return -1; }
static inline EVP_PKEY *copenssl_read_private_key(BIO *b)     { return PEM_read_bio_PrivateKey(b, NULL, copenssl_no_passphrase, NULL); }
static inline void copenssl_free_certificates(STACK_OF(X509) *s) { sk_X509_pop_free(s, X509_free); }
static inline int copenssl_count_certificates(STACK_OF(X509) *s) { return s ? sk_X509_num(s) : 0; }
static inline X509 *copenssl_certificate(STACK_OF(X509) *s, int i) { return sk_X509_value(s, i); }
