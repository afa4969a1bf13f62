/* lb: a load balancer inside a C program.
 *
 * Every function may be called from any thread. An instance owns its threads: it needs no event loop of the caller and
 * installs no signal handler. Several instances may live in one process.
 *
 * Compile:  cc program.c -llb        (the shared library; the static one also needs -lpthread -ldl -lm)
 */
#ifndef LB_H
#define LB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The interface described here; lb_abi_version() tells that of the library. */
#define LB_ABI_VERSION 1

/* What a function came to. The numbers never change their meaning; new ones may come. */
typedef int32_t lb_status;
#define LB_OK 0
#define LB_ERR_NULL 1     /* a pointer that must not be null was */
#define LB_ERR_ENCODING 2 /* text that is not UTF-8 */
#define LB_ERR_CONFIG 3   /* the configuration is refused */
#define LB_ERR_START 4    /* the configuration is good, starting it failed, for example as a port is taken */
#define LB_ERR_RANGE 5    /* an index beyond the end, or a listener without port */
#define LB_ERR_INTERNAL 6 /* a fault of the library; only free the handle */

/* A running instance. */
typedef struct lb_proxy lb_proxy;

uint32_t lb_abi_version(void);

/* The product's version, a constant that must not be freed. */
const char *lb_version(void);

/* Copies the text of the calling thread's last failure, cut to size - 1 bytes and ended by a zero, and returns its
 * whole length without the zero. A call that works clears the text. */
size_t lb_last_error(char *buffer, size_t size);

/* Starts a configuration in the language of haproxy.cfg; text needs no zero at its end. On LB_OK *proxy is a handle
 * that lb_proxy_free() takes back, otherwise null and nothing is left running or bound. */
lb_status lb_proxy_start_config(const char *text, size_t length, lb_proxy **proxy);

/* The same from a file; one whose name ends in .toml is TOML. */
lb_status lb_proxy_start_file(const char *path, lb_proxy **proxy);

/* The addresses listened on, in the order of the configuration, and the TCP port of one. */
size_t lb_proxy_listener_count(const lb_proxy *proxy);
lb_status lb_proxy_listener_port(const lb_proxy *proxy, size_t index, uint16_t *port);

/* Closes the listeners and idle connections and returns; what is being served is served to its end. */
lb_status lb_proxy_soft_stop(const lb_proxy *proxy);

/* Closes everything and returns once every thread has ended. */
lb_status lb_proxy_stop(const lb_proxy *proxy);

/* Returns once every thread has ended, for example after a soft stop. */
lb_status lb_proxy_wait(const lb_proxy *proxy);

/* 1 when every thread has ended, otherwise 0. */
int32_t lb_proxy_is_finished(const lb_proxy *proxy);

/* Stops what still runs and frees the handle, which no other thread may be using. Null is allowed. */
void lb_proxy_free(lb_proxy *proxy);

#ifdef __cplusplus
}
#endif

#endif
