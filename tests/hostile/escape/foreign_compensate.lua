-- expect: denied.flow
run:compensate("good.note", { n = 1 })
