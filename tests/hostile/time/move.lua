-- expect: limit.
local t = table.pack(table.unpack({}, 1, 100))
while true do table.move(t, 1, 100, 2) end
