-- What the crash test runs while the service is killed: every effect is a row, so that it can be counted afterwards.

local rows = storage.table("row", {
  fields = { bid = "text!", n = "integer!", run = "integer!" },
  index = { { "bid" } },
})
content.type("page", { fields = { title = "text!" } })

flow.define("five", { title = "Five", input = { bid = "text!" } }, function(run, input)
  for n = 1, 5 do
    rows:insert { bid = input.bid, n = n, run = run.id }
    if n < 5 then run:sleep(n == 3 and "20ms" or "0s") end
  end
  return { rows = 5 }
end)

-- Three rows, one of them after a signal.
flow.define("signalled", { title = "Signalled", input = { bid = "text!" } }, function(run, input)
  rows:insert { bid = input.bid, n = 1, run = run.id }
  local go = run:wait("go")
  rows:insert { bid = input.bid, n = 2, run = run.id }
  run:sleep("0s")
  rows:insert { bid = input.bid, n = 3, run = run.id }
  return { n = go.n }
end)

flow.define("undo", { title = "Undo", input = { bid = "text!", n = "integer!" } }, function(run, input)
  rows:insert { bid = input.bid, n = input.n, run = run.id }
  run:sleep("0s")
end)

-- Two rows, and when it is cancelled -2 and -1, in this order.
flow.define("undone", { title = "Undone", input = { bid = "text!" } }, function(run, input)
  for n = 1, 2 do
    rows:insert { bid = input.bid, n = n, run = run.id }
    run:compensate("crashme.undo", { bid = input.bid, n = -n })
    run:sleep("0s")
  end
  run:wait("never")
end)

flow.define("page", { title = "Page", input = { bid = "text!" } }, function(run, input)
  local item = content.create("page", { title = input.bid })
  run:sleep("0s")
  content.publish(item)
  rows:insert { bid = input.bid, n = 1, run = run.id }
  return { item = item.id }
end)

-- A row, a request to another machine, a row.
flow.define("sent", { title = "Sent", input = { bid = "text!", url = "text!" } }, function(run, input)
  rows:insert { bid = input.bid, n = 1, run = run.id }
  local answer = run:fetch { url = input.url, method = "POST", body = input.bid }
  rows:insert { bid = input.bid, n = 2, run = run.id }
  return { status = answer.status }
end)
