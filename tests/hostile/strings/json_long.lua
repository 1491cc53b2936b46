-- expect: limit.
local s = '"' .. ("\\u0041"):rep(500000) .. '"'
while true do pcall(json.decode, s) end
