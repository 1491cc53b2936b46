-- expect: limit.time
local function handler() xpcall(error, handler) while true do end end
while true do xpcall(error, handler) end
