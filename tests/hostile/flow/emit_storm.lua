-- expect: limit.
--- chunk
on("flow_emit_storm.before_x", function() events.emit("flow_emit_storm.before_x", {}) end)
--- attack
events.emit("flow_emit_storm.before_x", {})
