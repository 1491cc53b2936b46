-- expect: api.only_loading
-- mode: get
route.get("/late", function() return { text = "x" } end)
