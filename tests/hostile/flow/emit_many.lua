-- expect: limit.
while true do events.emit("flow_emit_many.x", { n = 1 }) end
