#pragma once
#include <curl/curl.h>

// curl_easy_setopt and friends are variadic, which Swift does not import: one typed shim per argument type.
typedef size_t (*curlx_io_cb)(char *, size_t, size_t, void *);
static inline CURLcode curlx_set_long(CURL *h, CURLoption o, long v)        { return curl_easy_setopt(h, o, v); }
static inline CURLcode curlx_set_off (CURL *h, CURLoption o, curl_off_t v)  { return curl_easy_setopt(h, o, v); }
static inline CURLcode curlx_set_str (CURL *h, CURLoption o, const char *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode curlx_set_ptr (CURL *h, CURLoption o, const void *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode curlx_set_io  (CURL *h, CURLoption o, curlx_io_cb f) { return curl_easy_setopt(h, o, f); }
static inline CURLcode curlx_get_long(CURL *h, CURLINFO i, long *v)         { return curl_easy_getinfo(h, i, v); }
static inline CURLcode curlx_get_off (CURL *h, CURLINFO i, curl_off_t *v)   { return curl_easy_getinfo(h, i, v); }
static inline CURLMcode curlx_multi_long(CURLM *m, CURLMoption o, long v)   { return curl_multi_setopt(m, o, v); }
static inline CURLcode curlx_msg_result(CURLMsg *m)                         { return m->data.result; }
static inline CURLcode curlx_get_str (CURL *h, CURLINFO i, char **v)        { return curl_easy_getinfo(h, i, v); }
static inline CURLcode curlx_get_socket(CURL *h, CURLINFO i, curl_socket_t *v) { return curl_easy_getinfo(h, i, v); }
static inline CURLcode curlx_get_ptr (CURL *h, CURLINFO i, void **v)        { return curl_easy_getinfo(h, i, v); }
// libcurl keeps a copy.
static inline CURLcode curlx_set_blob(CURL *h, CURLoption o, const void *d, size_t n) {
    struct curl_blob b = { (void *)d, n, CURL_BLOB_COPY };
    return curl_easy_setopt(h, o, &b);
}
typedef int (*curlx_seek_cb)(void *, curl_off_t, int);
static inline CURLcode curlx_set_seek(CURL *h, CURLoption o, curlx_seek_cb f) { return curl_easy_setopt(h, o, f); }
typedef curl_socket_t (*curlx_opensocket_cb)(void *, curlsocktype, struct curl_sockaddr *);
static inline CURLcode curlx_set_opensocket(CURL *h, curlx_opensocket_cb f) { return curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, f); }
// The address is longer than its field: whoever reads it needs the pointer, not a copy of the struct.
static inline const void *curlx_sockaddr(const struct curl_sockaddr *a)     { return &a->addr; }
