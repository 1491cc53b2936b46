local function rows()
  return storage.sql "select day, usd, is_old from rate order by day"
end

describe("rates", function()
  before_each(function(t)
    t:clock("2021-01-04 06:00")
  end)

  it("takes the rate of each day", function(t)
    local usd = 23000
    t:fetch_answers {
      ["GET https://rates.example.org/usd*"] = function(request)
        usd = request.url:find("2021-01-05", 1, true) and 23100.5 or 23000
        return { json = { usd = usd } }
      end,
    }
    t:advance("2 days")
    t:equal(#t:requests(), 2)
    t:snapshot("two-days", rows())
  end)

  it("keeps the rate of the day before when nobody answers, and says so", function(t)
    t:fetch_answers { ["GET https://rates.example.org/usd?day=2021-01-04"] = { json = { usd = 23000 } } }
    t:clock("2021-01-04 07:00")
    t:fetch_answers { ["GET *"] = { failed = "fetch.timeout" } }
    t:clock("2021-01-05 07:10") -- after the last try
    t:equal(rows()[2].usd, 23000)
    t:expect(rows()[2].is_old)
  end)

  it("fails when there has never been one", function(t)
    t:fetch_answers { ["GET *"] = 503 }
    t:equal(flow.get(t:start("take")).error.code, "rates.none")
  end)

  it("asks at seven where the organisation is", function(t)
    t:zone("America/Los_Angeles")
    t:fetch_answers { ["GET *"] = { json = { usd = 23000 } } }
    t:clock("2021-01-04 06:59")
    t:equal(#t:requests(), 0)
    t:clock("2021-01-04 07:00")
    t:equal(t:requests()[1].url, "https://rates.example.org/usd?day=2021-01-04")
  end)
end)
