// What the package uses of libcrypto: EVP, the functions behind its ciphers, the numbers and points that EVP has no call for, keys in
// files, certificates, OCSP, the algorithms of MS-CHAPv2 that EVP has given up; and of libssl: sessions of TLS over memory.
// Parameter names are string macros, which Swift can only copy; the functions below keep the literal's own storage,
// because an OSSL_PARAM refers to its name for as long as it lives.
#pragma once
#include <openssl/asn1t.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/des.h>
#include <openssl/dh.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/md4.h>
#include <openssl/obj_mac.h>
#include <openssl/ocsp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/// Written out, since one is made for each packet.
static inline OSSL_PARAM ossl_param_aead_tag(void *octets, size_t count) {
    return (OSSL_PARAM){OSSL_CIPHER_PARAM_AEAD_TAG, OSSL_PARAM_OCTET_STRING, octets, count, OSSL_PARAM_UNMODIFIED};
}
static inline OSSL_PARAM ossl_param_aead_iv_length(size_t *count) {
    return OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_AEAD_IVLEN, count);
}
static inline OSSL_PARAM ossl_param_padding(unsigned int *isPadded) {
    return OSSL_PARAM_construct_uint(OSSL_CIPHER_PARAM_PADDING, isPadded);
}

// Those below are read only: libcrypto declares what they refer to as mutable because OSSL_PARAM serves both ways.

static inline OSSL_PARAM ossl_param_mac_digest(const char *name) {
    return OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)name, 0);
}
static inline OSSL_PARAM ossl_param_mac_cipher(const char *name) {
    return OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, (char *)name, 0);
}
static inline OSSL_PARAM ossl_param_group_name(const char *name) {
    return OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)name, 0);
}
/// `number` is in the machine's byte order (BN_bn2nativepad).
static inline OSSL_PARAM ossl_param_private_key(const void *number, size_t count) {
    return OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, (unsigned char *)number, count);
}
/// A public key that is an encoded point.
static inline OSSL_PARAM ossl_param_public_point(const void *octets, size_t count) {
    return OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)octets, count);
}

// MS-CHAPv2 (RFC 2759) is made of MD4 and DES, which OpenSSL 3 keeps out of its default provider. The functions of their own are still
// there, marked as deprecated; they are called here, where the mark can be passed over.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"

/// MD4 (RFC 1320): 16 octets. 1 on success.
static inline int ossl_md4(const void *octets, size_t count, void *digest) {
    return MD4((const unsigned char *)octets, count, (unsigned char *)digest) != NULL;
}
/// One block of DES: key, block and result of 8 octets each; the parity bits of the key do not count.
static inline void ossl_des_encrypt(const void *key, const void *block, void *result) {
    DES_key_schedule schedule;
    DES_set_key_unchecked((const_DES_cblock *)key, &schedule);
    DES_ecb_encrypt((const_DES_cblock *)block, (DES_cblock *)result, &schedule, DES_ENCRYPT);
    OPENSSL_cleanse(&schedule, sizeof schedule);
}

#pragma clang diagnostic pop

// Macros of libssl, which Swift does not see.

static inline int ossl_set_versions(SSL_CTX *context, int lowest, int highest) {
    return SSL_CTX_set_min_proto_version(context, lowest) == 1 && SSL_CTX_set_max_proto_version(context, highest) == 1;
}
/// Every session is a new one, and stays as it was negotiated. Servers need not say that they renegotiate securely (RFC 5746): EAP
/// ends with the handshake, or goes on within it, so that nothing could be put in front of what a client says.
static inline int ossl_forbid_resumption(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_LEGACY_SERVER_CONNECT);
    return SSL_CTX_set_num_tickets(context, 0) == 1;
}
/// Adds an intermediate certificate behind our own; the context keeps a reference of its own.
static inline int ossl_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
    return SSL_CTX_add1_chain_cert(context, certificate) == 1;
}
