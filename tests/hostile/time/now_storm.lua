-- expect: limit.
while true do run:now() end
