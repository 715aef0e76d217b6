#include "simdjson_shim.h"
#include <simdjson.h>
#include <string>

using namespace simdjson;

struct SimdjsonText {
    padded_string text;
    ondemand::parser parser;
    std::string kernel;
};

// NOLINTBEGIN: exceptions are on, so that every access is checked without a branch of ours.
static long read_value(ondemand::value value) {
    switch (value.type()) {
    case ondemand::json_type::object: {
        long count = 1;
        for (auto field : value.get_object()) {
            volatile size_t length = std::string_view(field.unescaped_key()).size();
            (void)length;
            count += read_value(field.value());
        }
        return count;
    }
    case ondemand::json_type::array: {
        long count = 1;
        for (auto element : value.get_array()) count += read_value(element.value());
        return count;
    }
    case ondemand::json_type::string: {
        volatile size_t length = std::string_view(value.get_string()).size();
        (void)length;
        return 1;
    }
    case ondemand::json_type::number: {
        volatile double number = value.get_double();
        (void)number;
        return 1;
    }
    case ondemand::json_type::boolean: {
        volatile bool truth = value.get_bool();
        (void)truth;
        return 1;
    }
    case ondemand::json_type::null:
        return value.is_null() ? 1 : -1;
    }
    return -1;
}

static long read_event(ondemand::object event, bool reads_attributes) {
    long count = 0;
    for (auto field : event) {
        std::string_view name = field.unescaped_key();
        if (name == "EventType" || name == "Timestamp") {
            volatile size_t length = std::string_view(field.value().get_string()).size();
            (void)length;
            count += 1;
        } else if (reads_attributes && (name == "Attributes" || name == "Metrics")) {
            count += read_value(field.value());
        }
    }
    return count;
}

static long events(SimdjsonText *text, bool reads_attributes) {
    try {
        auto document = text->parser.iterate(text->text);
        long count = 0;
        for (auto field : document.get_object()) {
            if (std::string_view(field.unescaped_key()) != "BatchItem") continue;
            for (auto item : field.value().get_object()) {
                count += 1;
                for (auto part : item.value().get_object()) {
                    std::string_view name = part.unescaped_key();
                    if (name == "Endpoint" && reads_attributes) {
                        count += read_value(part.value());
                    } else if (name == "Events") {
                        for (auto event : part.value().get_object()) {
                            count += 1 + read_event(event.value().get_object(), reads_attributes);
                        }
                    }
                }
            }
        }
        return count;
    } catch (const simdjson_error &) {
        return -1;
    }
}
// NOLINTEND

extern "C" SimdjsonText *simdjson_text_new(const char *bytes, size_t length) {
    return new SimdjsonText{padded_string(bytes, length), ondemand::parser(), std::string()};
}

extern "C" void simdjson_text_free(SimdjsonText *text) { delete text; }

extern "C" long simdjson_read_all(SimdjsonText *text) {
    try {
        auto document = text->parser.iterate(text->text);
        ondemand::value root = document;
        return read_value(root);
    } catch (const simdjson_error &) {
        return -1;
    }
}

extern "C" long simdjson_read_events(SimdjsonText *text) { return events(text, true); }
extern "C" long simdjson_skim_events(SimdjsonText *text) { return events(text, false); }

extern "C" const char *simdjson_kernel(void) {
    static const std::string name = get_active_implementation()->name();
    return name.c_str();
}
