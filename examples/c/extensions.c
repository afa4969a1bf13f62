/* The rule language with words of one's own: ./extensions PORT, until its input ends.
 *
 *     curl -H 'Host: blue.example' http://127.0.0.1:PORT/      hello blue (request 1)
 *     curl -H 'X-Key: wrong' http://127.0.0.1:PORT/admin       401
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "lb.h"

/* A sample fetch, %[tenant]: the first label of the host name. */
static void tenant(void *user_data, const lb_stream *stream, const lb_arguments *arguments, lb_result *result) {
    lb_bytes host;
    const uint8_t *dot;

    (void)user_data;
    (void)arguments;
    if (!lb_stream_header(stream, LB_REQUEST, "host", 0, &host))
        return;
    dot = memchr(host.data, '.', host.size);
    lb_result_bytes(result, LB_TYPE_STRING, host.data, dot ? (size_t)(dot - host.data) : host.size);
}

/* A converter, "lower,is_key(secret)": whether a value is the argument. */
static void is_key(void *user_data, const lb_value *value, const lb_arguments *arguments, lb_result *result) {
    lb_bytes key;

    (void)user_data;
    if (lb_arguments_bytes(arguments, 0, &key))
        lb_result_bool(result, key.size == value->bytes.size && !memcmp(key.data, value->bytes.data, key.size));
}

/* An action, "http-request number": counts requests. Several threads call it at once. */
static uint32_t number(void *user_data, lb_stream *stream, const lb_arguments *arguments) {
    atomic_ullong *requests = user_data;
    lb_value value = {LB_TYPE_INTEGER, 0, {NULL, 0}};

    (void)arguments;
    value.integer = (int64_t)atomic_fetch_add(requests, 1) + 1;
    lb_stream_set_variable(stream, "txn.number", &value);
    return LB_ACTION_NEXT;
}

int main(int argc, char **argv) {
    static atomic_ullong requests;
    static const uint32_t text[] = {LB_ARGUMENT_TEXT};
    lb_extensions *extensions = lb_extensions_new();
    lb_extension fetch = LB_EXTENSION_INIT, converter = LB_EXTENSION_INIT, action = LB_EXTENSION_INIT;
    lb_builder *builder = lb_builder_new();
    lb_section *web = lb_builder_frontend(builder, "web", LB_MODE_HTTP);
    lb_proxy *proxy = NULL;
    lb_error *error = NULL;
    lb_listener listener;
    char address[64];

    fetch.name = "tenant";
    converter.name = "is_key";
    converter.arguments = text;
    converter.argument_count = converter.required = 1;
    action.name = "number";
    action.user_data = &requests;
    if (lb_extensions_fetch(extensions, &fetch, LB_TYPE_STRING, LB_NEEDS_REQUEST, tenant, &error) != LB_OK ||
        lb_extensions_converter(extensions, &converter, LB_TYPE_STRING, LB_TYPE_BOOL, is_key, &error) != LB_OK ||
        lb_extensions_action(extensions, &action, LB_RULES_HTTP_REQUEST, number, &error) != LB_OK) {
        fprintf(stderr, "%s\n", lb_error_text(error));
        return 1;
    }
    lb_builder_extensions(builder, extensions);
    lb_extensions_free(extensions);

    snprintf(address, sizeof address, "127.0.0.1:%s", argc > 1 ? argv[1] : "0");
    lb_section_bind(web, address);
    lb_section_timeout(web, "client", 30000);
    lb_section_line(web, "http-request number");
    lb_section_line(web, "http-request deny deny_status 401 if { path /admin } !{ req.hdr(x-key),is_key(secret) }");
    lb_section_line(web, "http-request return status 200 content-type text/plain "
                         "lf-string \"hello %[tenant] (request %[var(txn.number)])\\n\"");
    if (lb_builder_start(builder, NULL, &proxy, &error) != LB_OK) {
        fprintf(stderr, "%s\n", lb_error_text(error));
        lb_error_free(error);
        lb_builder_free(builder);
        return 1;
    }
    lb_builder_free(builder);
    listener.struct_size = sizeof listener;
    if (lb_proxy_listener(proxy, 0, &listener, NULL) == LB_OK)
        printf("listens on %s:%u\n", listener.address, (unsigned)listener.port);
    fflush(stdout);
    while (getchar() != EOF) {
    }
    lb_proxy_free(proxy);
    printf("%llu requests\n", atomic_load(&requests));
    return 0;
}
