/* lb: a load balancer for TCP and HTTP inside a C or C++ program.
 *
 * Made from the sources of the library by `just header`; do not edit.
 *
 *     lb_proxy *proxy = NULL;
 *     lb_error *error = NULL;
 *     lb_builder *builder = lb_builder_new();
 *     lb_section *web = lb_builder_frontend(builder, "web", LB_MODE_HTTP);
 *     lb_section *app = lb_builder_backend(builder, "app", LB_MODE_HTTP);
 *     lb_server server = LB_SERVER_INIT;
 *
 *     server.name = "s1";
 *     server.address = "127.0.0.1:9001";
 *     lb_section_bind(web, "127.0.0.1:8080");
 *     lb_section_default_backend(web, "app");
 *     lb_section_server(app, &server);
 *     if (lb_builder_start(builder, NULL, &proxy, &error) != LB_OK) {
 *         fprintf(stderr, "%s\n", lb_error_text(error));
 *         lb_error_free(error);
 *     }
 *     lb_builder_free(builder);
 *     ...
 *     lb_proxy_free(proxy);
 *
 * Compile and link:  cc program.c $(pkg-config --cflags --libs lb)
 *
 * Ownership. What a function with "new" or "start" in its name gives you is yours until you give it to the function with
 * "free" in its name, and so is a string in a char ** argument, which lb_string_free() frees, and an error. Everything
 * else that you get belongs to the object it was asked of and lives as long as that does. The library keeps nothing of
 * what you pass to it but user_data of the callbacks and of extensions.
 *
 * Errors. Functions that can fail return a status, LB_OK or why. Those with an lb_error ** argument set it to null on
 * LB_OK and otherwise to an error of yours with the texts; pass null where the number is enough. A pointer that must not
 * be null is checked; one that dangles cannot be. A fault in the library does not unwind into your code: it is
 * LB_ERR_INTERNAL.
 *
 * Text is UTF-8 and ends with a zero. Times have their unit in their name.
 *
 * Structures begin with struct_size and grow at their end. Begin yours with the INIT macro, or set struct_size to
 * sizeof: then an old program works with a new library, and a new program with an old one as long as it does not set
 * what the old one cannot know.
 *
 * Threads. Any thread may call any function. An instance (lb_proxy) and an error may be used by several threads at once;
 * a builder and its sections by one thread at a time; nothing while it is being freed. An instance owns its threads: it
 * needs no event loop of yours, sets no signal handler, and its threads take no signal, so that your handlers run on
 * your threads, and SIGPIPE never comes from it. After fork() only the parent uses the instances it has. Several
 * instances may live in one process.
 */

#ifndef LB_H
#define LB_H

#include <stddef.h>
#include <stdint.h>

// Number of the interface that this header describes; it grows with every change that an old program would notice.
#define LB_ABI_VERSION 1

// An error (severity of a message).
#define LB_SEVERITY_ERROR 3

// A warning: the configuration is accepted.
#define LB_SEVERITY_WARNING 4

// Something to know.
#define LB_SEVERITY_NOTICE 5

// A hint for a closer look.
#define LB_SEVERITY_DEBUG 7

// Used only when no other server is available (flag of lb_server).
#define LB_SERVER_BACKUP 1

// Starts in maintenance (flag of lb_server).
#define LB_SERVER_DISABLED 2

// Checks the server by connecting to it (flag of lb_server).
#define LB_SERVER_CHECK 4

// No value.
#define LB_TYPE_NONE 0

// Of integer 0 or 1.
#define LB_TYPE_BOOL 1

// A signed integer.
#define LB_TYPE_INTEGER 2

// Four bytes in network order.
#define LB_TYPE_IPV4 3

// 16 bytes in network order.
#define LB_TYPE_IPV6 4

// Text of any encoding.
#define LB_TYPE_STRING 5

// Bytes that are no text: where text is asked for they are hexadecimal digits.
#define LB_TYPE_BINARY 6

// An HTTP method.
#define LB_TYPE_METHOD 7

// Where a type is declared: LB_TYPE_IPV4 or LB_TYPE_IPV6. No value is of it.
#define LB_TYPE_ADDRESS 8

// Where a type is declared: any of them. No value is of it.
#define LB_TYPE_ANY 9

// The request, for functions that look at a message.
#define LB_REQUEST 1

// The response.
#define LB_RESPONSE 2

// The method of the request (lb_stream_text).
#define LB_TEXT_METHOD 1

// The request's target as it is: "/path?query".
#define LB_TEXT_URI 2

// The name of the frontend.
#define LB_TEXT_FRONTEND 3

// The name of the backend, once there is one.
#define LB_TEXT_BACKEND 4

// The name of the server, once there is one.
#define LB_TEXT_SERVER 5

// The version of TLS, where the client uses it.
#define LB_TEXT_TLS_VERSION 6

// The cipher, where the client uses TLS.
#define LB_TEXT_TLS_CIPHER 7

// The client's address, or what the PROXY header or set-src says (lb_stream_address).
#define LB_ADDRESS_SOURCE 1

// The address that the client connected to.
#define LB_ADDRESS_DESTINATION 2

// The method (lb_stream_set_target).
#define LB_TARGET_METHOD 1

// All of the target.
#define LB_TARGET_URI 2

// The path without the query.
#define LB_TARGET_PATH 3

// The path with the query.
#define LB_TARGET_PATH_QUERY 4

// The query.
#define LB_TARGET_QUERY 5

// Any text.
#define LB_ARGUMENT_TEXT 0

// A signed integer.
#define LB_ARGUMENT_INTEGER 1

// An IPv4 address.
#define LB_ARGUMENT_IPV4 2

// An IPv6 address.
#define LB_ARGUMENT_IPV6 3

// An IPv4 mask: 24 or 255.255.255.0.
#define LB_ARGUMENT_IPV4_MASK 4

// An IPv6 mask: 64 or an address.
#define LB_ARGUMENT_IPV6_MASK 5

// The name of a frontend. Names of what does not exist refuse the configuration.
#define LB_ARGUMENT_FRONTEND 6

// The name of a backend.
#define LB_ARGUMENT_BACKEND 7

// backend/server, or a server of the section; functions get backend/server.
#define LB_ARGUMENT_SERVER 8

// The name of a section with a stick table.
#define LB_ARGUMENT_TABLE 9

// The name of a userlist.
#define LB_ARGUMENT_USERLIST 10

// Of actions alone: a text with variables and expressions, as `%[src] %ci`. Functions get what it comes to.
#define LB_ARGUMENT_FORMAT 11

// A fetch takes its value from no stream: it can be used everywhere but in the configuration itself.
#define LB_NEEDS_NOTHING 0

// From the client's connection.
#define LB_NEEDS_CLIENT 1

// From the frontend.
#define LB_NEEDS_FRONTEND 2

// From the request's head: from the request on, log lines included.
#define LB_NEEDS_REQUEST 3

// From the request's body, or what was received in mode tcp: while the request passes.
#define LB_NEEDS_REQUEST_DATA 4

// From the response's head, log lines included.
#define LB_NEEDS_RESPONSE 5

// From the head that is judged: the request's in rules of requests, the response's in those of responses.
#define LB_NEEDS_MESSAGE 6

// An action of tcp-request connection rules.
#define LB_RULES_TCP_CONNECTION 1

// Of tcp-request session.
#define LB_RULES_TCP_SESSION 2

// Of tcp-request content.
#define LB_RULES_TCP_CONTENT 4

// Of tcp-response content.
#define LB_RULES_TCP_RESPONSE 8

// Of http-request.
#define LB_RULES_HTTP_REQUEST 16

// Of http-response.
#define LB_RULES_HTTP_RESPONSE 32

// Of http-after-response.
#define LB_RULES_HTTP_AFTER_RESPONSE 64

// Behind an action: on to the next rule.
#define LB_ACTION_NEXT 0

// The rules that follow are not looked at, as behind allow.
#define LB_ACTION_STOP 1

// The message is denied with the error page of lb_stream_deny(), or that of 403. In TCP rules the connection is closed.
#define LB_ACTION_DENY 2

// The message is answered with the response of lb_stream_reply(). In TCP rules the connection is closed.
#define LB_ACTION_REPLY 3

// The connection is closed without a word, as reject does.
#define LB_ACTION_CLOSE 4

// A section that relays bytes.
#define LB_MODE_TCP 0

// A section that parses HTTP.
#define LB_MODE_HTTP 1

// Refuse a configuration that causes a warning (flag of lb_start_options).
#define LB_START_ZERO_WARNING 1

// The instance serves. The first event but for warnings.
#define LB_EVENT_STARTED 1

// A function was called that ends the instance.
#define LB_EVENT_STOPPING 2

// Every thread of the instance has ended, its ports are free. The last event.
#define LB_EVENT_STOPPED 3

// The configuration is accepted with a warning.
#define LB_EVENT_WARNING 4

// Something else that a log gets: a proxy stopped, a log target failed.
#define LB_EVENT_NOTICE 5

// A check moved the health of a server (with option log-health-checks).
#define LB_EVENT_SERVER_CHECK 10

// A server went down.
#define LB_EVENT_SERVER_DOWN 11

// A server came up.
#define LB_EVENT_SERVER_UP 12

// A server was put into maintenance.
#define LB_EVENT_SERVER_MAINTENANCE 13

// A server left maintenance.
#define LB_EVENT_SERVER_READY 14

// A server was put into drain state: it gets no new sessions.
#define LB_EVENT_SERVER_DRAIN 15

// A server left drain state.
#define LB_EVENT_SERVER_UNDRAIN 16

// The last usable server of a backend is gone.
#define LB_EVENT_NO_SERVER 17

// A server is about to stop, as a command said: it gets no new sessions.
#define LB_EVENT_SERVER_STOPPING 18

// A server was added.
#define LB_EVENT_SERVER_ADDED 19

// A server was taken out of its backend.
#define LB_EVENT_SERVER_REMOVED 20

// Something else about a server in drain state changed.
#define LB_EVENT_SERVER_DRAINING 21

// The name of a server, or the address of its name, changed.
#define LB_EVENT_SERVER_ADDRESS 22

// One reason for the maintenance of a server is gone, but it stays: an operator, or the server it tracks, keeps it there.
#define LB_EVENT_SERVER_IN_MAINTENANCE 23

// The weight of a server, or what of it is in use, changed: see weight and effective_weight.
#define LB_EVENT_SERVER_WEIGHT 24

// Serves: out of maintenance and drain.
#define LB_SERVER_STATE_READY 0

// Gets no new sessions; those it has go on.
#define LB_SERVER_STATE_DRAIN 1

// Gets no sessions and no checks.
#define LB_SERVER_STATE_MAINTENANCE 2

// As a health check that passed: rise of them in a row bring the server up.
#define LB_HEALTH_PASSED 0

// As a health check that failed: fall of them in a row take the server down.
#define LB_HEALTH_FAILED 1

// The server is up, at once.
#define LB_HEALTH_UP 2

// The server is down, at once.
#define LB_HEALTH_DOWN 3

// What a function came to. The numbers are part of the ABI: none changes its meaning or is used again. New ones may
// come: take what you do not know as a failure.
enum lb_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // It worked.
    LB_OK = 0,
    // A pointer that must not be null was.
    LB_ERR_NULL = 1,
    // Text that is not UTF-8.
    LB_ERR_ENCODING = 2,
    // The configuration is refused: the error's messages say why, and where.
    LB_ERR_CONFIG = 3,
    // The configuration is good, starting it failed, for example as a port is taken. Nothing is left running.
    LB_ERR_START = 4,
    // An index beyond the end.
    LB_ERR_RANGE = 5,
    // A fault of the library: please report it. The object must only be freed.
    LB_ERR_INTERNAL = 6,
    // A struct_size that no version of the structure had, or a newer structure with a field set that this library does
    // not know.
    LB_ERR_STRUCT_SIZE = 7,
    // The program was compiled with a header that this library does not serve.
    LB_ERR_ABI = 8,
    // An argument has a value that is not allowed.
    LB_ERR_ARGUMENT = 9,
    // A command was not done, for a reason that none of the numbers below names.
    LB_ERR_COMMAND = 100,
    // There is no such command.
    LB_ERR_COMMAND_UNKNOWN = 101,
    // A word of a command is missing, too much or not understood.
    LB_ERR_COMMAND_USAGE = 102,
    // The command is not permitted.
    LB_ERR_COMMAND_DENIED = 103,
    // The command names a proxy, server, session or table that does not exist.
    LB_ERR_COMMAND_NOT_FOUND = 104,
    // What is to be made exists already.
    LB_ERR_COMMAND_EXISTS = 105,
    // The command gives a value that is not allowed there.
    LB_ERR_COMMAND_INVALID = 106,
    // The object is in a state in which this cannot be done.
    LB_ERR_COMMAND_STATE = 107,
    // The system refused.
    LB_ERR_COMMAND_SYSTEM = 108,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum lb_status lb_status;
#else
typedef int32_t lb_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// The arguments that the configuration gives a function, as their types say.
typedef struct lb_arguments lb_arguments;

// A configuration under construction: text, files and calls in any mix, read in the order in which they were given.
// A builder and its sections are used by one thread at a time.
//
// Nothing is checked before lb_builder_check() or lb_builder_start(). The status of the calls before need not be looked
// at: the builder keeps the first failure and refuses to start with it. A builder may be started more than once.
typedef struct lb_builder lb_builder;

// Why a call failed: a number and one or more messages. It belongs to the caller, who frees it with lb_error_free().
// It does not change: several threads may read it.
typedef struct lb_error lb_error;

// What a program adds to the rule language: sample fetches, converters and actions, used by name as those that the
// language has. They are given to lb_builder_extensions() or, as extensions, to a start.
//
// Functions are called by the threads that serve, by several at once: they must not wait, and cost every request what
// they take. What they are called with is theirs until they return. They must not unwind: no C++ exception may leave
// them. They may call the functions on what they are called with; none on instances and builders.
typedef struct lb_extensions lb_extensions;

// A running instance: a load balancer with threads of its own. Any thread may call any function on it at any time, but
// for lb_proxy_free(), which is the last use of it.
typedef struct lb_proxy lb_proxy;

// What a function comes to. It has no value until one is set; the last that is set counts. What is set is copied.
typedef struct lb_result lb_result;

// A section of a builder, to be filled: frontend, backend, listen or defaults. It belongs to its builder: it is not
// freed, and not used after the builder is freed.
//
// The lb_section functions add a line each, which is checked when the builder is started or checked. Their own status
// need not be looked at: the builder keeps the first failure and refuses to start with it.
typedef struct lb_section lb_section;

// A stream, or the connection that has none yet. It is valid during the function that is called with it, on the thread
// that calls it; so is what it is asked for. Null is a stream that has nothing.
typedef struct lb_stream lb_stream;

// One message of an error. The strings belong to the error and live as long as it does.
typedef struct lb_message {
    // Set it to sizeof(lb_message).
    size_t struct_size;
    // LB_SEVERITY_ERROR or another one.
    uint32_t severity;
    // Line from 1; 0 where there is no file.
    uint32_t line;
    // Column in characters from 1; 0 where there is none.
    uint32_t column;
    // Not used.
    uint32_t reserved;
    // The text, with the place in front as HAProxy writes it.
    const char *text;
    // The file or, for what a builder was told, kind and name of the section; null where the message is about no place.
    const char *file;
    // The line as it was written; null where there is none.
    const char *source;
} lb_message;

// Bytes that end where their size says, not with a zero. They belong to the library and are valid during the function
// that was called with what they were asked of. This structure does not grow.
typedef struct lb_bytes {
    // The bytes; null where there are none.
    const uint8_t *data;
    // How many.
    size_t size;
} lb_bytes;

// A value. This structure does not grow.
typedef struct lb_value {
    // LB_TYPE_NONE to LB_TYPE_METHOD.
    uint32_t kind;
    // Of LB_TYPE_BOOL and LB_TYPE_INTEGER; else 0.
    int64_t integer;
    // Of the other types; valid as long as lb_bytes says.
    struct lb_bytes bytes;
} lb_value;

// Looks at arguments when the configuration is read: returns 1 where they are good, or 0, and may say why with
// lb_result_text(). Formats have no value yet.
typedef int32_t (*lb_check_function)(void *user_data, const struct lb_arguments *arguments, struct lb_result *reason);

// Frees what user_data points at.
typedef void (*lb_free_function)(void *user_data);

// What fetches, converters and actions have in common: a structure of yours, read during the call. Begin with
// LB_EXTENSION_INIT.
typedef struct lb_extension {
    // sizeof(lb_extension), as LB_EXTENSION_INIT sets it.
    size_t struct_size;
    // Letters, digits, "_", "-" and ".", a letter first; none that the language has.
    const char *name;
    // The types of its arguments, LB_ARGUMENT_TEXT and the like; may be null where there are none.
    const uint32_t *arguments;
    // How many types there are.
    size_t argument_count;
    // How many of them must be given; the others may be left out.
    size_t required;
    // Looks at arguments when a configuration is read; null for none.
    lb_check_function check;
    // Given to the functions as it is, by any thread.
    void *user_data;
    // Called once with user_data, when the extensions were freed and every instance that uses them has ended; null for
    // none. Where the extension is refused user_data stays yours.
    lb_free_function free_user_data;
} lb_extension;

// Takes a value from a stream and sets it; none where it sets none.
typedef void (*lb_fetch_function)(void *user_data,
                                  const struct lb_stream *stream,
                                  const struct lb_arguments *arguments,
                                  struct lb_result *result);

// Makes a value of another one and sets it; none where it sets none.
typedef void (*lb_convert_function)(void *user_data,
                                    const struct lb_value *value,
                                    const struct lb_arguments *arguments,
                                    struct lb_result *result);

// Does something with a message and its stream, and returns LB_ACTION_NEXT and the like.
typedef uint32_t (*lb_action_function)(void *user_data, struct lb_stream *stream, const struct lb_arguments *arguments);

// Something that happened. It is valid during the callback; what you keep you copy.
typedef struct lb_event {
    // Size of the structure that the library filled. Where the library is newer than your header it is larger than
    // yours; a field beyond it is not there.
    size_t struct_size;
    // The instance.
    const struct lb_proxy *proxy;
    // LB_EVENT_STARTED or another one. New ones may come: ignore what you do not know.
    uint32_t kind;
    // As of syslog, from 0 for emergencies to 7 for details.
    uint32_t severity;
    // When it happened, in microseconds since 1970.
    uint64_t time_us;
    // The line as HAProxy writes it into its logs. Never null.
    const char *text;
    // The backend; null for events about no server.
    const char *backend;
    // The server; null for events about no server.
    const char *server;
    // Usable active servers of the backend after a change; 0 where the text has no numbers.
    uint32_t active_servers;
    // Usable backup servers of the backend.
    uint32_t backup_servers;
    // Sessions on the server.
    uint32_t sessions;
    // Streams left in the queue.
    uint32_t queued;
    // Events and log records that were lost before this one, as callbacks took too long.
    uint64_t lost;
    // The weight that was configured or set; of LB_EVENT_SERVER_WEIGHT only.
    uint32_t weight;
    // What of it is in use: less while the server comes back slowly (slowstart). Of LB_EVENT_SERVER_WEIGHT only.
    uint32_t effective_weight;
} lb_event;

// Takes an event.
typedef void (*lb_event_callback)(void *user_data, const struct lb_event *event);

// The record of a request or of a TCP connection, as it is logged. It is valid during the callback; what you keep you
// copy. Times that were not reached are -1.
typedef struct lb_log_record {
    // Size of the structure that the library filled. Where the library is newer than your header it is larger than
    // yours; a field beyond it is not there.
    size_t struct_size;
    // The instance.
    const struct lb_proxy *proxy;
    // The line in the log format of the frontend, without header and line end. Never null; a zero follows its line_length bytes.
    // Not UTF-8 where a format says so.
    const char *line;
    // Bytes of the line.
    size_t line_length;
    // Severity as of syslog: 6, or 3 for an error under option log-separate-errors.
    uint32_t severity;
    // 1 for an HTTP request, 0 for a TCP connection.
    uint32_t http;
    // Why a connection failed before there was a request, for example in a TLS handshake; null for all others.
    const char *failure;
    // The frontend. Never null.
    const char *frontend;
    // The backend; the frontend's name where none was chosen. Never null.
    const char *backend;
    // The server; null where none was reached.
    const char *server;
    // Address and port of the client, "127.0.0.1:4711"; null for a UNIX socket.
    const char *client;
    // The request line as received, "GET / HTTP/1.1"; "" where none was understood. May hold any bytes but zeroes.
    const char *request;
    // Status of the response; 0 where there is none.
    uint32_t status;
    // How often opening a connection was tried again.
    uint32_t retries;
    // 1 where another server was taken than the first choice.
    uint32_t redispatched;
    // Connections of the instance, at this moment.
    uint32_t connections;
    // Connections of the frontend.
    uint32_t frontend_connections;
    // Streams of the backend.
    uint32_t backend_connections;
    // Streams of the server.
    uint32_t server_connections;
    // Not used.
    uint32_t reserved;
    // The termination state as of HAProxy, "----" for a normal end.
    char termination[8];
    // Bytes sent to the client.
    uint64_t bytes_to_client;
    // Bytes received from the client.
    uint64_t bytes_from_client;
    // When the connection was accepted or, for a later request, became idle: microseconds since 1970.
    uint64_t accept_time_us;
    // Microseconds for handshakes.
    int64_t handshake_us;
    // Microseconds that the connection was idle before the request.
    int64_t idle_us;
    // Microseconds to receive the head of the request.
    int64_t request_us;
    // Microseconds in queues.
    int64_t queue_us;
    // Microseconds to connect to the server.
    int64_t connect_us;
    // Microseconds until the server's head was there.
    int64_t response_us;
    // Microseconds of data transfer.
    int64_t data_us;
    // Microseconds of the whole, without idle time.
    int64_t active_us;
    // Microseconds of the whole.
    int64_t total_us;
    // Events and records that were lost before this one, as callbacks took too long.
    uint64_t lost;
} lb_log_record;

// Takes an access record.
typedef void (*lb_log_callback)(void *user_data, const struct lb_log_record *record);

// Options of a start: a structure of yours, read during the call. Begin with LB_START_OPTIONS_INIT.
//
// Callbacks are called from one thread that the instance has for them, one after the other, in the order of what
// happened; never from a thread of yours, and also while the start function has not returned. They serve nobody: a
// callback may take its time, wait, and call any function on its instance (event->proxy) and on others, except
// lb_proxy_free() on its own instance. While it takes its time up to queue events wait; further ones are lost and
// counted, traffic never waits. lb_proxy_free() returns when no callback runs any more and none will come, so that what
// user_data points at can be freed then. A callback must not unwind: no C++ exception may leave it.
typedef struct lb_start_options {
    // sizeof(lb_start_options), as LB_START_OPTIONS_INIT sets it.
    size_t struct_size;
    // Gets what happens: start, end, state changes of servers; null for none.
    lb_event_callback on_event;
    // Gets each access record, whether or not the frontend has a log line; null for none. option dontlognull and option
    // dontlog-normal hold here, too. A frontend with a log line and no format, such as option httplog, logs the beginning
    // of each connection, and so its records know no more.
    lb_log_callback on_log;
    // Given to the callbacks as it is. It has to be usable from another thread.
    void *user_data;
    // How many events may wait for the callbacks; 0 for the default, 4096.
    uint32_t queue;
    // LB_START_ZERO_WARNING or 0.
    uint32_t flags;
    // What the configuration may use besides the language's own; null for what the builder has, or none.
    const struct lb_extensions *extensions;
} lb_start_options;

// A server of a backend: a structure of yours, read during the call. Begin with LB_SERVER_INIT.
typedef struct lb_server {
    // sizeof(lb_server), as LB_SERVER_INIT sets it.
    size_t struct_size;
    // Its name, unique in the backend.
    const char *name;
    // "host:port", "unix@path" or "abns@name". A host name is resolved once.
    const char *address;
    // Share of the load, 0 to 256; -1 for the default, 1.
    int32_t weight;
    // Most sessions at the same time, more wait in a queue; 0 for no limit.
    uint32_t maxconn;
    // Milliseconds between two checks, with LB_SERVER_CHECK; 0 for the default, 2000.
    uint32_t check_interval_ms;
    // LB_SERVER_BACKUP, LB_SERVER_DISABLED and LB_SERVER_CHECK, added up.
    uint32_t flags;
    // Further options as on a server line of haproxy.cfg, for example "send-proxy-v2 rise 1"; null for none. Separated
    // by spaces; there are no quotes here.
    const char *options;
} lb_server;

// An address that an instance listens on. The strings belong to the instance and live as long as it does.
typedef struct lb_listener {
    // Set it to sizeof(lb_listener).
    size_t struct_size;
    // The frontend or listen section.
    const char *frontend;
    // The IP address, for example "127.0.0.1" or "::1"; null for a UNIX socket.
    const char *address;
    // The port, also where the system chose it; 0 for a UNIX socket.
    uint32_t port;
    // Not used.
    uint32_t reserved;
} lb_listener;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The interface's number of the library that is linked.
uint32_t lb_abi_version(void);

// Whether the library serves a program that was compiled with a header of this number: call it once at the start, with
// LB_ABI_VERSION. LB_OK or LB_ERR_ABI.
lb_status lb_abi_check(uint32_t version);

// The product's version, for example "0.1.0"; a constant that must not be freed.
const char *lb_version(void);

// The name of a status, for example "LB_ERR_CONFIG"; "unknown" for a number that is none. A constant that must not be
// freed.
const char *lb_status_name(int32_t status);

// The number of an error; LB_OK for null, and for warnings of lb_builder_check().
lb_status lb_error_code(const struct lb_error *error);

// The first message, "" for null. It belongs to the error.
const char *lb_error_text(const struct lb_error *error);

// The file that the first message is about; null where it is about none. It belongs to the error.
const char *lb_error_file(const struct lb_error *error);

// The line that the first message is about, from 1; 0 without one.
uint32_t lb_error_line(const struct lb_error *error);

// The column that the first message is about, in characters from 1; 0 without one.
uint32_t lb_error_column(const struct lb_error *error);

// How many messages an error has: all faults of a configuration are found in one run. 0 for null.
size_t lb_error_count(const struct lb_error *error);

// Fills *message with message index, from 0. Errors come before warnings.
//
// Errors: LB_ERR_NULL, LB_ERR_RANGE, LB_ERR_STRUCT_SIZE.
lb_status lb_error_message(const struct lb_error *error, size_t index, struct lb_message *message);

// Frees an error. Null is allowed.
void lb_error_free(struct lb_error *error);

// Frees a string that a function returned as the caller's own. Null is allowed.
void lb_string_free(char *string);

// Sets an integer. Null is allowed and nothing.
void lb_result_integer(struct lb_result *result, int64_t value);

// Sets a bool: 0 or another number.
void lb_result_bool(struct lb_result *result, int32_t value);

// Sets a string that ends with a zero; null is no value.
void lb_result_text(struct lb_result *result, const char *text);

// Sets bytes of a type from LB_TYPE_IPV4, which has 4, and LB_TYPE_IPV6, which has 16, to LB_TYPE_METHOD. What is none of
// these is no value.
void lb_result_bytes(struct lb_result *result,
                     uint32_t kind,
                     const uint8_t *data,
                     size_t size);

// The text or the name that an argument is, or what its format came to. Returns 1, or 0 where it was left out or is of
// another type; *bytes is nothing then.
int32_t lb_arguments_bytes(const struct lb_arguments *list, size_t index, struct lb_bytes *bytes);

// The integer that an argument is. Returns 1, or 0 where it was left out or is of another type; *integer is 0 then.
int32_t lb_arguments_integer(const struct lb_arguments *list, size_t index, int64_t *integer);

// The address or the mask that an argument is: writes up to 16 bytes in network order and returns how many, 4 or 16; 0
// where it was left out or is of another type.
size_t lb_arguments_address(const struct lb_arguments *list, size_t index, uint8_t *octets);

// A text of the stream: LB_TEXT_METHOD and the like. Returns 1, or 0 where there is none; *text is nothing then.
int32_t lb_stream_text(const struct lb_stream *stream, uint32_t what, struct lb_bytes *text);

// The value of a header field of LB_REQUEST or LB_RESPONSE; index, from 0, is for fields of the same name. Values are not
// divided at their commas. Returns 1, or 0 where there is no such field; *value is nothing then.
int32_t lb_stream_header(const struct lb_stream *stream,
                         uint32_t message,
                         const char *name,
                         size_t index,
                         struct lb_bytes *value);

// Name and value of the header field of number index, from 0, of LB_REQUEST or LB_RESPONSE. Returns 1, or 0 where there
// are not that many.
int32_t lb_stream_header_at(const struct lb_stream *stream,
                            uint32_t message,
                            size_t index,
                            struct lb_bytes *name,
                            struct lb_bytes *value);

// The status code of the response; 0 where there is none yet.
uint32_t lb_stream_status(const struct lb_stream *stream);

// What has been received of the body of LB_REQUEST or LB_RESPONSE and was not forwarded; in mode tcp what was sent. Of a
// body there is something where wait-for-body or option http-buffer-request waited. Returns 1 where it is all of it, else
// 0.
int32_t lb_stream_data(const struct lb_stream *stream,
                       uint32_t message,
                       struct lb_bytes *data);

// Says that more data may change the answer: rules under an inspect-delay wait for it and ask again.
void lb_stream_wait(const struct lb_stream *stream);

// LB_ADDRESS_SOURCE or LB_ADDRESS_DESTINATION: writes up to 16 bytes in network order and the port, and returns how many
// bytes it wrote, 4 or 16; 0 where there is none, as for clients of UNIX sockets. octets and port may be null.
size_t lb_stream_address(const struct lb_stream *stream,
                         uint32_t which,
                         uint8_t *octets,
                         uint16_t *port);

// A variable: "txn.user". Returns 1, or 0 where it has no value; *value is of LB_TYPE_NONE then.
int32_t lb_stream_variable(const struct lb_stream *stream, const char *name, struct lb_value *value);

// Sets a header field of the message that the rule is about, as set-header does. Like all changes it is made when the
// action is over; what the stream is asked for stays as it was. Nothing in TCP rules.
//
// Errors: LB_ERR_ARGUMENT for what is no header field, or where no action runs; LB_ERR_NULL; LB_ERR_ENCODING.
lb_status lb_stream_set_header(struct lb_stream *stream, const char *name, const uint8_t *data, size_t size);

// Adds a header field, as add-header does; the rest is as of lb_stream_set_header().
lb_status lb_stream_add_header(struct lb_stream *stream, const char *name, const uint8_t *data, size_t size);

// Removes all header fields of a name, as del-header does; the rest is as of lb_stream_set_header().
lb_status lb_stream_del_header(struct lb_stream *stream, const char *name);

// Sets a part of the request line, LB_TARGET_METHOD and the like, as set-path and its kin do. What would give no request
// line refuses the message. Nothing in rules of responses and in TCP rules; the rest is as of lb_stream_set_header().
lb_status lb_stream_set_target(struct lb_stream *stream,
                               uint32_t part,
                               const uint8_t *data,
                               size_t size);

// Sets a variable: "txn.user". A value of LB_TYPE_NONE, or null, forgets it. Nothing where there are no variables of that
// scope, as "txn." before there is a stream.
//
// Errors: LB_ERR_ARGUMENT for a name or a value that is none, or where no action runs; LB_ERR_NULL; LB_ERR_ENCODING.
lb_status lb_stream_set_variable(struct lb_stream *stream,
                                 const char *name,
                                 const struct lb_value *value);

// Sets the status of the error page that the message is denied with, where the action returns LB_ACTION_DENY.
lb_status lb_stream_deny(struct lb_stream *stream, uint32_t status);

// Makes the response that the message is answered with, where the action returns LB_ACTION_REPLY: a status from 200 to
// 599, others are 500, and a body, which is copied. Its length is said by itself.
lb_status lb_stream_reply(struct lb_stream *stream, uint32_t status, const uint8_t *data, size_t size);

// Adds a header field to the response of lb_stream_reply(), which comes first.
//
// Errors: LB_ERR_ARGUMENT for what is no header field or is about the connection or the length, and where there is no
// response; LB_ERR_NULL; LB_ERR_ENCODING.
lb_status lb_stream_reply_header(struct lb_stream *stream, const char *name, const uint8_t *data, size_t size);

// New extensions, none yet, to be freed with lb_extensions_free(). Never null.
struct lb_extensions *lb_extensions_new(void);

// Frees extensions; builders and instances that were given them keep them. Null is allowed.
void lb_extensions_free(struct lb_extensions *extensions);

// Adds a sample fetch, "%[name(arguments)]", "acl a name(arguments) ...". output is the type of its values,
// LB_TYPE_BOOL and the like, others are cast to it; needs is LB_NEEDS_NOTHING and the like.
//
// Errors: LB_ERR_ARGUMENT for a name that is none or is taken, and for numbers that are none; LB_ERR_NULL;
// LB_ERR_ENCODING; LB_ERR_STRUCT_SIZE.
lb_status lb_extensions_fetch(struct lb_extensions *extensions,
                              const struct lb_extension *extension,
                              uint32_t output,
                              uint32_t needs,
                              lb_fetch_function function,
                              struct lb_error **error);

// Adds a converter, ",name(arguments)". It gets values of the type input; the rest is as of lb_extensions_fetch().
lb_status lb_extensions_converter(struct lb_extensions *extensions,
                                  const struct lb_extension *extension,
                                  uint32_t input,
                                  uint32_t output,
                                  lb_convert_function function,
                                  struct lb_error **error);

// Adds an action, "http-request name arguments if condition". rules is where it can be used: LB_RULES_HTTP_REQUEST and
// the like, combined with |; the rest is as of lb_extensions_fetch(). A number that the function returns and that is
// no outcome refuses the message with 500.
lb_status lb_extensions_action(struct lb_extensions *extensions,
                               const struct lb_extension *extension,
                               uint32_t rules,
                               lb_action_function function,
                               struct lb_error **error);

// A new builder, to be freed with lb_builder_free(). Never null.
struct lb_builder *lb_builder_new(void);

// Frees a builder and its sections; what was started from it goes on. Null is allowed.
void lb_builder_free(struct lb_builder *builder);

// Number of worker threads; without this call, or with 0, that of the usable CPUs.
lb_status lb_builder_threads(struct lb_builder *builder, uint32_t threads);

// Most client connections of the whole instance at the same time.
lb_status lb_builder_maxconn(struct lb_builder *builder, uint32_t maxconn);

// Opens a stats socket, as management tools use it: the path of a UNIX socket or "host:port", and the level "user",
// "operator" or "admin" of who connects; null for "operator".
lb_status lb_builder_stats_socket(struct lb_builder *builder, const char *address, const char *level);

// Adds a line of the global section, for what has no function here: "tune.bufsize 32768".
lb_status lb_builder_global(struct lb_builder *builder, const char *line);

// Adds sections written as text. The name stands for the file in messages; the text is TOML where the name ends in
// ".toml", otherwise in the language of haproxy.cfg. Nothing of the text is kept by reference.
lb_status lb_builder_text(struct lb_builder *builder, const char *name, const char *text);

// Adds a configuration file, or a directory whose *.cfg files are read in the order of their names. A file is TOML
// where its name ends in ".toml". Files that are added one after the other are one configuration. They are read when
// the builder is checked or started.
lb_status lb_builder_file(struct lb_builder *builder, const char *path);

// What the configuration may use besides the language's own: sample fetches, converters and actions, as they are now.
lb_status lb_builder_extensions(struct lb_builder *builder, const struct lb_extensions *extensions);

// Adds defaults, which are valid for the sections that are added after them. mode is LB_MODE_HTTP or LB_MODE_TCP.
// Returns the section, which belongs to the builder; null where an argument is wrong, which the lb_section functions
// bear.
struct lb_section *lb_builder_defaults(struct lb_builder *builder, uint32_t mode);

// Adds a frontend, which accepts connections; the rest is as of lb_builder_defaults().
struct lb_section *lb_builder_frontend(struct lb_builder *builder, const char *name, uint32_t mode);

// Adds a backend, which has servers; the rest is as of lb_builder_defaults().
struct lb_section *lb_builder_backend(struct lb_builder *builder, const char *name, uint32_t mode);

// Adds a listen section, a frontend and its backend in one; the rest is as of lb_builder_defaults().
struct lb_section *lb_builder_listen(struct lb_builder *builder, const char *name, uint32_t mode);

// Reads the whole configuration without starting it. On LB_OK *report is null or has the warnings; otherwise it has
// every fault. In both cases it is freed with lb_error_free(); report may be null.
//
// Errors: LB_ERR_CONFIG; what an earlier call on the builder failed with; LB_ERR_NULL.
lb_status lb_builder_check(const struct lb_builder *builder, struct lb_error **report);

// Starts an instance. On LB_OK *proxy is the instance, which lb_proxy_free() takes back; otherwise null, and nothing is
// left running or bound. options may be null. The builder stays as it is and may be freed at once.
//
// Errors: LB_ERR_CONFIG with every fault; LB_ERR_START; LB_ERR_STRUCT_SIZE; what an earlier call on the builder failed
// with; LB_ERR_NULL.
lb_status lb_builder_start(const struct lb_builder *builder,
                           const struct lb_start_options *options,
                           struct lb_proxy **proxy,
                           struct lb_error **error);

// Listens on an address, in a frontend or listen section: "host:port", ":port", "unix@path", "abns@name", or several
// separated by commas. Port 0 lets the system choose; lb_proxy_listener() tells which.
lb_status lb_section_bind(struct lb_section *section, const char *address);

// Listens for TLS connections with the certificates and keys of a PEM file, or of a directory of them. In HTTP mode
// HTTP/2 is offered.
lb_status lb_section_bind_tls(struct lb_section *section, const char *address, const char *certificates);

// The backend that gets everything, of a frontend or listen section.
lb_status lb_section_default_backend(struct lb_section *section, const char *name);

// Most client connections at the same time, of a section with listeners.
lb_status lb_section_maxconn(struct lb_section *section, uint32_t maxconn);

// Sets the timeout of this name in milliseconds: "client", "server", "connect", "queue", "http-request",
// "http-keep-alive", "tunnel", "check" and the others of haproxy.cfg. 0 is no timeout.
lb_status lb_section_timeout(struct lb_section *section, const char *name, uint64_t milliseconds);

// How servers are chosen: "roundrobin", "static-rr", "leastconn", "first", "source", "random" or "random(draws)".
lb_status lb_section_balance(struct lb_section *section, const char *algorithm);

// Adds a server to a backend or listen section. Nothing of *server is kept.
lb_status lb_section_server(struct lb_section *section, const struct lb_server *server);

// Writes access lines, in the HTTP or TCP format, to a target as haproxy.cfg has it: "127.0.0.1:514 local0",
// "/dev/log daemon", "stdout format raw local0". A frontend, listen or defaults section.
lb_status lb_section_log(struct lb_section *section, const char *target);

// Adds an option with its arguments, for example "forwardfor" or "redispatch 2".
lb_status lb_section_option(struct lb_section *section, const char *option);

// Adds a line of haproxy.cfg, for what has no function here: "http-request deny status 403".
lb_status lb_section_line(struct lb_section *section, const char *line);

// Starts a configuration written as text: lb_builder_text() and lb_builder_start() in one. name stands for the file in
// messages; the text is TOML where it ends in ".toml", otherwise in the language of haproxy.cfg. options may be null.
//
// Errors: those of lb_builder_start(); LB_ERR_ENCODING.
lb_status lb_proxy_start_text(const char *name,
                              const char *text,
                              const struct lb_start_options *options,
                              struct lb_proxy **proxy,
                              struct lb_error **error);

// Starts a configuration file, or a directory of files: lb_builder_file() and lb_builder_start() in one. options may be
// null.
//
// Errors: those of lb_builder_start(); LB_ERR_ENCODING.
lb_status lb_proxy_start_file(const char *path,
                              const struct lb_start_options *options,
                              struct lb_proxy **proxy,
                              struct lb_error **error);

// Closes the listeners and idle connections and returns; what is being served is served to its end.
lb_status lb_proxy_soft_stop(const struct lb_proxy *proxy, struct lb_error **error);

// Stops softly and, where that takes longer than limit_ms milliseconds, closes what is left. Returns once every thread
// has ended and the ports are free. *complete, where complete is not null, is 1 if everything was served to its end,
// otherwise 0.
lb_status lb_proxy_drain(const struct lb_proxy *proxy, uint64_t limit_ms, int32_t *complete, struct lb_error **error);

// Closes every connection and returns once every thread has ended and the ports are free. A second stop has nothing to
// do.
lb_status lb_proxy_stop(const struct lb_proxy *proxy, struct lb_error **error);

// Returns once every thread has ended, which a soft stop brings about; for ever where nobody stops the instance.
lb_status lb_proxy_wait(const struct lb_proxy *proxy, struct lb_error **error);

// 1 when every thread has ended, otherwise 0; 1 for null.
int32_t lb_proxy_is_finished(const struct lb_proxy *proxy);

// Stops the instance as lb_proxy_stop() does, where it still runs, waits for the callbacks, and frees it. No other
// thread may be using it. Not to be called from a callback of the instance, nor while holding a lock that a callback
// waits for. Null is allowed.
void lb_proxy_free(struct lb_proxy *proxy);

// How many addresses the instance listens on, or did; 0 for null.
size_t lb_proxy_listener_count(const struct lb_proxy *proxy);

// Fills *listener with listener index, from 0, in the order of the configuration.
//
// Errors: LB_ERR_NULL, LB_ERR_RANGE, LB_ERR_STRUCT_SIZE.
lb_status lb_proxy_listener(const struct lb_proxy *proxy,
                            size_t index,
                            struct lb_listener *listener,
                            struct lb_error **error);

// Runs a runtime command as it is written on the stats socket, at admin level: "show servers state app". Behind a line
// that ends in "<<" follow the lines of its payload, up to an empty one or to the end. *reply is the command's answer,
// whole lines or "", to be freed with lb_string_free(); reply may be null. After the end of the instance commands still
// answer from its last state.
//
// Errors: LB_ERR_COMMAND and those after it, with HAProxy's text; *reply is null then. LB_ERR_NULL, LB_ERR_ENCODING.
lb_status lb_proxy_command(const struct lb_proxy *proxy, const char *command, char **reply, struct lb_error **error);

// The statistics as JSON: {"info": ..., "stat": ...}, which are what the commands "show info json" and "show stat json"
// answer. *json is to be freed with lb_string_free().
//
// Errors: those of lb_proxy_command().
lb_status lb_proxy_stats_json(const struct lb_proxy *proxy, char **json, struct lb_error **error);

// Adds a server to a backend of a running instance. It takes traffic from the next request on, and is checked if it
// has LB_SERVER_CHECK; with LB_SERVER_DISABLED it begins in maintenance. Nothing of *server is kept.
//
// Errors: LB_ERR_COMMAND_NOT_FOUND without such a backend; LB_ERR_COMMAND_EXISTS; LB_ERR_COMMAND_STATE where the
// algorithm of the backend does not follow changes; LB_ERR_COMMAND_INVALID for an option; those of lb_section_server().
lb_status lb_proxy_add_server(const struct lb_proxy *proxy,
                              const char *backend,
                              const struct lb_server *server,
                              struct lb_error **error);

// Takes a server out of a backend of a running instance: puts it into maintenance, waits for at most limit_ms
// milliseconds until its last session has ended, and deletes it. No request fails by it.
//
// Errors: LB_ERR_COMMAND_NOT_FOUND; LB_ERR_COMMAND_STATE where it is still in use after the limit: it stays in
// maintenance then, and another call goes on waiting.
lb_status lb_proxy_delete_server(const struct lb_proxy *proxy,
                                 const char *backend,
                                 const char *server,
                                 uint64_t limit_ms,
                                 struct lb_error **error);

// Sets the state of a server: LB_SERVER_STATE_READY, LB_SERVER_STATE_DRAIN or LB_SERVER_STATE_MAINTENANCE.
//
// Errors: LB_ERR_COMMAND_NOT_FOUND; LB_ERR_ARGUMENT.
lb_status lb_proxy_set_server_state(const struct lb_proxy *proxy,
                                    const char *backend,
                                    const char *server,
                                    uint32_t state,
                                    struct lb_error **error);

// Sets the weight of a server, 0 to 256. With 0 it gets no new sessions.
//
// Errors: LB_ERR_COMMAND_NOT_FOUND; LB_ERR_COMMAND_INVALID; LB_ERR_COMMAND_STATE where the algorithm of the backend does
// not follow changes.
lb_status lb_proxy_set_server_weight(const struct lb_proxy *proxy,
                                     const char *backend,
                                     const char *server,
                                     uint32_t weight,
                                     struct lb_error **error);

// Reports what the program itself knows of a server's health: LB_HEALTH_PASSED, LB_HEALTH_FAILED, LB_HEALTH_UP or
// LB_HEALTH_DOWN. The server need not have LB_SERVER_CHECK; the first two count with its rise and fall, 2 and 3 by
// default. Null for info is nothing; else it stands in log lines and statistics.
//
// Errors: LB_ERR_COMMAND_NOT_FOUND; LB_ERR_COMMAND_STATE where the server tracks another one; LB_ERR_ARGUMENT.
lb_status lb_proxy_report_server_health(const struct lb_proxy *proxy,
                                        const char *backend,
                                        const char *server,
                                        uint32_t health,
                                        const char *info,
                                        struct lb_error **error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LB_H */

/* A server with every option at its default: `lb_server server = LB_SERVER_INIT;`. */
#define LB_SERVER_INIT { sizeof(lb_server), NULL, NULL, -1, 0, 0, 0, NULL }

/* No callbacks, every option at its default: `lb_start_options options = LB_START_OPTIONS_INIT;`. */
#define LB_START_OPTIONS_INIT { sizeof(lb_start_options), NULL, NULL, NULL, 0, 0, NULL }

/* No arguments, no data: `lb_extension extension = LB_EXTENSION_INIT;`. */
#define LB_EXTENSION_INIT { sizeof(lb_extension), NULL, NULL, 0, 0, NULL, NULL, NULL }
