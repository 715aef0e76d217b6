// A MIME tree as flat arrays, read by GMime. Nothing of GMime or GLib shows here.
#ifndef NEEDLETAIL_CGMIME_H
#define NEEDLETAIL_CGMIME_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    // As written.
    const char *name;
    // Unfolded, encoded words (RFC 2047) decoded to UTF-8, or nearly so: damaged input may leave other bytes.
    const char *value;
} cgmime_pair;

typedef struct {
    // Index of the multipart or message around it; -1 of the root.
    int32_t parent;
    // 0: a leaf; 1: a multipart; 2: a message within the message, whose body is the next part.
    int32_t kind;
    // "text" and "plain", as written.
    const char *media_type;
    const char *media_subtype;
    const char *disposition;
    const char *filename;
    const cgmime_pair *headers;
    size_t header_count;
    // Of Content-Type, decoded (RFC 2231).
    const cgmime_pair *parameters;
    size_t parameter_count;
    // Of leaves of text/ and message/: decoded (base64, quoted-printable); text is UTF-8, from its charset or the likeliest one.
    const uint8_t *content;
    size_t content_length;
} cgmime_part;

typedef struct {
    const cgmime_part *parts;
    size_t part_count;
    // Something was left out for a limit's sake.
    int32_t is_cut;
    void *owned;
} cgmime_mail;

typedef struct {
    size_t parts;
    size_t depth;
    size_t headers_per_part;
    size_t value_bytes;
    size_t content_bytes;
} cgmime_limits;

// Never fails: what cannot be read as MIME is text. Bytes are not kept. Thread-safe. Give the result to `cgmime_free`.
cgmime_mail *cgmime_read(const uint8_t *bytes, size_t length, const cgmime_limits *limits);
void cgmime_free(cgmime_mail *mail);

#endif
