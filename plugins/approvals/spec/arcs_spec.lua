-- The ways back in the picture of a chain: in lanes, so that they cross only where they must.

local arcs = require "approvals.arcs"

local function chain(count, returns)
  local list = {}
  for at = 1, count do list[at] = { name = "s" .. at, to = { role = "editor" }, may_return_to = returns[at] } end
  return list
end

local function overlap(a, b) return a.top < b.bottom and b.top < a.bottom end
local function is_within(a, b) return a.top >= b.top and a.bottom <= b.bottom end

-- No two in one lane touch, and what lies within another is nearer to the boxes.
local function check(t, lines)
  for i, a in ipairs(lines) do
    for k, b in ipairs(lines) do
      if i ~= k and overlap(a, b) then
        t:expect(a.lane ~= b.lane, ("%d–%d and %d–%d in lane %d"):format(a.top, a.bottom, b.top, b.bottom, a.lane))
        if is_within(a, b) and not is_within(b, a) then t:expect(a.lane < b.lane) end
      end
    end
  end
end

describe("the ways back", function()
  it("share a lane where they do not touch, and nest where one holds the other", function(t)
    local lines, lanes = arcs.lay_out(chain(12, {
      [3] = "s1", [5] = "s2", [6] = "s4", [9] = "s8", [11] = "s2", [12] = { "s6", "s10" },
    }))
    check(t, lines)
    t:equal({ #lines, lanes }, { 5, 3 })
  end)

  it("meet where they go to the same step, or to any", function(t)
    local lines, lanes = arcs.lay_out(chain(6, { [3] = "s1", [4] = "s1", [6] = "s1" }))
    t:equal({ #lines, lanes, #lines[1].tails, lines[1].bottom }, { 1, 1, 3, 6 })
    local all = {}
    for at = 1, 50 do all[at] = "any" end
    lines, lanes = arcs.lay_out(chain(50, all))
    t:equal({ #lines, lanes, #lines[2].heads }, { 2, 2, 49 })
  end)

  it("are laid out so for any chain", function(t)
    local seed = 1
    local function random(n)
      seed = (seed * 1103515245 + 12345) % 2147483648
      return seed // 65536 % n + 1
    end
    for _ = 1, 100 do
      local count, returns = random(20) + 1, {}
      for at = 2, count do
        local kind = random(4)
        if kind == 1 then returns[at] = "s" .. random(at - 1) end
        if kind == 2 then returns[at] = { "s" .. random(at - 1), "s" .. random(at - 1) } end
        if kind == 3 and random(4) == 1 then returns[at] = "any" end
      end
      check(t, (arcs.lay_out(chain(count, returns))))
    end
  end)
end)
