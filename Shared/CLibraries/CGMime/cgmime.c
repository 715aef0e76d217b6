#include "CGMime.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <pthread.h>
#include <string.h>

typedef struct {
    const cgmime_limits *limits;
    GArray *parts;
    // Everything that the result points to, freed with it.
    GPtrArray *blocks;
    size_t content_left;
    gboolean is_cut;
} reading;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static GMimeParserOptions *options;

static void initialize(void) {
    // In headers with raw 8-bit bytes.
    const char *charsets[] = {"utf-8", "windows-1252", NULL};
    g_mime_init();
    options = g_mime_parser_options_new();
    g_mime_parser_options_set_fallback_charsets(options, charsets);
}

static void *keep(reading *into, void *block) {
    if (block != NULL) g_ptr_array_add(into->blocks, block);
    return block;
}

static const char *copy(reading *into, const char *text) {
    if (text == NULL) return NULL;
    if (strlen(text) > into->limits->value_bytes) {
        into->is_cut = TRUE;
        return keep(into, g_strndup(text, into->limits->value_bytes));
    }
    return keep(into, g_strdup(text));
}

static void add_headers(reading *into, GMimeObject *object, GArray *pairs) {
    GMimeHeaderList *list = g_mime_object_get_header_list(object);
    int count = g_mime_header_list_get_count(list);
    for (int at = 0; at < count; at++) {
        if (pairs->len >= into->limits->headers_per_part) {
            into->is_cut = TRUE;
            return;
        }
        GMimeHeader *header = g_mime_header_list_get_header_at(list, at);
        cgmime_pair pair = {copy(into, g_mime_header_get_name(header)), NULL};
        const char *raw = g_mime_header_get_raw_value(header);
        // Decoding a huge value costs more than it is worth: its beginning, as it stands.
        if (raw != NULL && strlen(raw) > into->limits->value_bytes) {
            pair.value = copy(into, raw);
        } else {
            char *value = raw ? g_mime_utils_header_unfold(raw) : NULL;
            char *decoded = value ? g_mime_utils_header_decode_text(options, value) : NULL;
            pair.value = copy(into, decoded ? decoded : "");
            g_free(decoded);
            g_free(value);
        }
        g_array_append_val(pairs, pair);
    }
}

static void add_parameters(reading *into, GMimeContentType *type, cgmime_part *part) {
    GMimeParamList *list = g_mime_content_type_get_parameters(type);
    int count = list ? g_mime_param_list_length(list) : 0;
    if ((size_t)count > into->limits->headers_per_part) count = (int)into->limits->headers_per_part;
    cgmime_pair *pairs = keep(into, g_new0(cgmime_pair, count + 1));
    for (int at = 0; at < count; at++) {
        GMimeParam *parameter = g_mime_param_list_get_parameter_at(list, at);
        pairs[at].name = copy(into, g_mime_param_get_name(parameter));
        pairs[at].value = copy(into, g_mime_param_get_value(parameter));
    }
    part->parameters = pairs;
    part->parameter_count = (size_t)count;
}

// What iconv would take as an instruction ("//TRANSLIT") is no name of a charset.
static gboolean is_name(const char *charset) {
    return charset != NULL && strlen(charset) <= 40 && strpbrk(charset, "/, ") == NULL;
}

// ASCII with other bytes in it was mislabelled.
static gboolean is_ascii(const char *charset) {
    return g_ascii_strcasecmp(charset, "us-ascii") == 0 || g_ascii_strcasecmp(charset, "ascii") == 0;
}

// UTF-8 from `charset`, each byte that is none of it replaced by U+FFFD; NULL for an unknown charset.
static GByteArray *converted(const char *charset, const uint8_t *bytes, size_t length, size_t limit) {
    iconv_t converter = g_mime_iconv_open("UTF-8", charset);
    if (converter == (iconv_t)-1) return NULL;
    GByteArray *out = g_byte_array_sized_new((guint)(length + length / 8 + 16));
    char *at = (char *)bytes;
    size_t left = length;
    char piece[4096];
    while (left > 0 && out->len < limit) {
        char *to = piece;
        size_t room = sizeof(piece);
        size_t before = left;
        size_t result = iconv(converter, &at, &left, &to, &room);
        int problem = result == (size_t)-1 ? errno : 0;
        g_byte_array_append(out, (const guint8 *)piece, (guint)(to - piece));
        if (problem == EILSEQ || problem == EINVAL || (problem == E2BIG && before == left && to == piece)) {
            g_byte_array_append(out, (const guint8 *)"\xEF\xBF\xBD", 3);
            if (left > 0) {
                at++;
                left--;
            }
            iconv(converter, NULL, NULL, NULL, NULL);
        }
    }
    g_mime_iconv_close(converter);
    return out;
}

static void add_content(reading *into, GMimePart *leaf, gboolean is_text, cgmime_part *part) {
    GMimeDataWrapper *wrapper = g_mime_part_get_content(leaf);
    if (wrapper == NULL) return;
    GMimeStream *memory = g_mime_stream_mem_new();
    g_mime_data_wrapper_write_to_stream(wrapper, memory);
    GByteArray *raw = g_mime_stream_mem_get_byte_array((GMimeStreamMem *)memory);
    size_t limit = MIN(into->limits->content_bytes, into->content_left);
    size_t length = raw->len;
    if (length > limit) {
        length = limit;
        into->is_cut = TRUE;
    }
    const char *charset = g_mime_object_get_content_type_parameter((GMimeObject *)leaf, "charset");
    GByteArray *text = NULL;
    if (is_text && length > 0) {
        if (is_name(charset) && !is_ascii(charset)) text = converted(charset, raw->data, length, limit);
        if (text == NULL && !g_utf8_validate_len((const char *)raw->data, length, NULL))
            text = converted("windows-1252", raw->data, length, limit);
    }
    const uint8_t *bytes = text ? text->data : raw->data;
    if (text) length = MIN(text->len, limit);
    if (length > 0) part->content = keep(into, g_memdup2(bytes, length));
    part->content_length = length;
    into->content_left -= length;
    if (text) g_byte_array_free(text, TRUE);
    g_object_unref(memory);
}

static void add(reading *into, GMimeObject *object, GMimeMessage *around, int32_t parent, size_t depth) {
    if (into->parts->len >= into->limits->parts || depth > into->limits->depth) {
        into->is_cut = TRUE;
        return;
    }
    cgmime_part part = {.parent = parent, .media_type = "text", .media_subtype = "plain"};
    GArray *pairs = g_array_new(FALSE, FALSE, sizeof(cgmime_pair));
    if (around != NULL) add_headers(into, (GMimeObject *)around, pairs);
    if (object != NULL) {
        add_headers(into, object, pairs);
        GMimeContentType *type = g_mime_object_get_content_type(object);
        part.media_type = copy(into, g_mime_content_type_get_media_type(type));
        part.media_subtype = copy(into, g_mime_content_type_get_media_subtype(type));
        part.disposition = copy(into, g_mime_object_get_disposition(object));
        add_parameters(into, type, &part);
    }
    part.header_count = pairs->len;
    part.headers = keep(into, g_array_free(pairs, FALSE));
    int32_t place = (int32_t)into->parts->len;
    if (object != NULL && GMIME_IS_PART(object)) {
        part.filename = copy(into, g_mime_part_get_filename((GMimePart *)object));
        gboolean is_text = part.media_type != NULL && g_ascii_strcasecmp(part.media_type, "text") == 0;
        gboolean is_message = part.media_type != NULL && g_ascii_strcasecmp(part.media_type, "message") == 0;
        if (is_text || is_message) add_content(into, (GMimePart *)object, is_text, &part);
    } else if (object != NULL && GMIME_IS_MULTIPART(object)) {
        part.kind = 1;
    } else if (object != NULL && GMIME_IS_MESSAGE_PART(object)) {
        part.kind = 2;
    }
    g_array_append_val(into->parts, part);
    if (part.kind == 1) {
        int count = g_mime_multipart_get_count((GMimeMultipart *)object);
        for (int at = 0; at < count && into->parts->len < into->limits->parts; at++)
            add(into, g_mime_multipart_get_part((GMimeMultipart *)object, at), NULL, place, depth + 1);
    } else if (part.kind == 2) {
        GMimeMessage *inner = g_mime_message_part_get_message((GMimeMessagePart *)object);
        if (inner != NULL) add(into, g_mime_message_get_mime_part(inner), inner, place, depth + 1);
    }
}

cgmime_mail *cgmime_read(const uint8_t *bytes, size_t length, const cgmime_limits *limits) {
    pthread_once(&once, initialize);
    reading into = {
        .limits = limits,
        .parts = g_array_new(FALSE, FALSE, sizeof(cgmime_part)),
        .blocks = g_ptr_array_new_with_free_func(g_free),
        .content_left = limits->content_bytes * 4,
    };
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer((const char *)bytes, length);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_persist_stream(parser, TRUE);
    GMimeMessage *message = g_mime_parser_construct_message(parser, options);
    g_object_unref(parser);
    if (message != NULL) {
        add(&into, g_mime_message_get_mime_part(message), message, -1, 0);
        g_object_unref(message);
    }
    g_object_unref(stream);

    cgmime_mail *mail = g_new0(cgmime_mail, 1);
    mail->part_count = into.parts->len;
    mail->parts = keep(&into, g_array_free(into.parts, FALSE));
    mail->is_cut = into.is_cut;
    mail->owned = into.blocks;
    return mail;
}

void cgmime_free(cgmime_mail *mail) {
    if (mail == NULL) return;
    g_ptr_array_free(mail->owned, TRUE);
    g_free(mail);
}
