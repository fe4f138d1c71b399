// What the package uses of libcrypto. Macros that Swift cannot import are given functions here.
#pragma once
#include <openssl/crypto.h>
#include <openssl/evp.h>
