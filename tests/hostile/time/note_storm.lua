-- expect: limit.
while true do run:note("x") end
