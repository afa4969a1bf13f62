/* A load balancer inside a C program: starts one, says where it listens, and stops it when its input ends.
 *
 *     cargo build -p lb-ffi
 *     cc -I lb-ffi/include examples/c/embed.c -L target/debug -llb -Wl,-rpath,target/debug -o embed
 *     ./embed 8080
 */
#include <stdio.h>
#include <string.h>

#include "lb.h"

static int failed(const char *what) {
    char text[1024];
    lb_last_error(text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
    return 1;
}

int main(int argc, char **argv) {
    char config[512];
    lb_proxy *proxy = NULL;
    uint16_t port = 0;

    if (lb_abi_version() != LB_ABI_VERSION) {
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
    if (lb_proxy_start_config(config, strlen(config), &proxy) != LB_OK)
        return failed("start");
    if (lb_proxy_listener_port(proxy, 0, &port) != LB_OK)
        return failed("port");
    printf("lb %s listens on 127.0.0.1:%u\n", lb_version(), (unsigned)port);
    fflush(stdout);
    while (getchar() != EOF)
        ;
    if (lb_proxy_stop(proxy) != LB_OK)
        return failed("stop");
    lb_proxy_free(proxy);
    return 0;
}
