-- expect: route.header
-- mode: get
return { json = {}, headers = { ["sEt-CoOkIe"] = "khung=evil" } }
