package polaris

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
)

// algorithms are the values of the server's setting KeyedHashAlgorithm: HMACSHA1 (the default) and HMACSHA256.
var algorithms = map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New}

// signature is the keyed hash of a call, in Base64. uri is absolute, as the server takes itself to be named, with scheme,
// host and query; date is the text of the header PolarisDate; secret is the staff session's, or the patron's PIN, or empty.
// What is hashed ends with the secret, so it goes nowhere else. (PAPI guide, "Polaris API - Overview", Authorization.)
func signature(algorithm, key, method, uri, date, secret string) string {
	h := hmac.New(algorithms[algorithm], []byte(key))
	h.Write([]byte(method + uri + date + secret))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}
