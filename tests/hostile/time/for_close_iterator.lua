-- expect: limit.time
for _ in function() end, nil, nil, setmetatable({}, { __close = function() while true do end end }) do end
