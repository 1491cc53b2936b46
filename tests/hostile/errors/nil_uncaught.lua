-- expect: failed
error()
