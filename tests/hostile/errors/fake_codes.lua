-- expect: failed
error({ code = "stopped", message = "limit.time" })
