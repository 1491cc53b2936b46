-- expect: survives | limit.time
for _, id in ipairs { ("x"):rep(201), ("x"):rep(1 << 20), "a\0b", "\xff", {}, 1, print } do pcall(flow.start, "attack", {}, { id = id }) end
for _, name in ipairs { "", ".", "a.", ".a", "flow_ids.", ("x"):rep(1 << 20), "attack\0", "\xff", "../attack" } do assert(not pcall(flow.start, name, {})) end
