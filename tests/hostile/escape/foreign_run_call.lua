-- expect: denied.flow
run:call("good.note", { n = 1 })
