/* A load balancer from configuration text: says where it listens, and is drained when its input ends.
 *
 *     just install "$HOME/lb"
 *     export PKG_CONFIG_PATH="$HOME/lb/lib/pkgconfig" LD_LIBRARY_PATH="$HOME/lb/lib"
 *     cc examples/c/embed.c $(pkg-config --cflags --libs lb) -o embed
 *     ./embed 8080
 */
#include <stdio.h>

#include "lb.h"

static int failed(lb_error *error) {
    size_t index;
    lb_message message;

    /* All that is wrong with a configuration is told, each with its place. */
    message.struct_size = sizeof message;
    for (index = 0; lb_error_message(error, index, &message) == LB_OK; index++)
        fprintf(stderr, "%s: %s\n", lb_status_name(lb_error_code(error)), message.text);
    lb_error_free(error);
    return 1;
}

int main(int argc, char **argv) {
    char config[512];
    lb_proxy *proxy = NULL;
    lb_error *error = NULL;
    lb_listener listener;
    int32_t complete = 0;

    if (lb_abi_check(LB_ABI_VERSION) != LB_OK) {
        fprintf(stderr, "header and library do not belong together\n");
        return 1;
    }
    snprintf(config, sizeof config,
             "global\n"
             "    nbthread 1\n"
             "defaults\n"
             "    mode http\n"
             "    timeout client 10s\n"
             "listen web\n"
             "    bind 127.0.0.1:%s\n"
             "    http-request return status 200 content-type text/plain string \"Hello from C\\n\"\n",
             argc > 1 ? argv[1] : "8080");
    if (lb_proxy_start_text("embed.cfg", config, NULL, &proxy, &error) != LB_OK)
        return failed(error);
    listener.struct_size = sizeof listener;
    if (lb_proxy_listener(proxy, 0, &listener, &error) != LB_OK)
        return failed(error);
    printf("lb %s: %s listens on %s:%u\n", lb_version(), listener.frontend, listener.address, (unsigned)listener.port);
    fflush(stdout);
    while (getchar() != EOF)
        ;
    if (lb_proxy_drain(proxy, 5000, &complete, &error) != LB_OK)
        return failed(error);
    printf("%s\n", complete ? "everything was served" : "some connections were cut");
    lb_proxy_free(proxy);
    return 0;
}
