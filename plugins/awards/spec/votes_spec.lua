local votes = require "awards.votes"

describe("votes", function()
  it("needs 8 of 9 for 80 per cent and 9 of 10 for 90", function(t)
    t:expect(votes.needed(80, 9) == 8)
    t:expect(votes.needed(90, 9) == 9)
    t:expect(votes.needed(90, 10) == 9)
  end)

  it("agrees with the rule votes * 100 >= threshold * members for every council", function(t)
    for members = 1, 40 do
      for threshold = 1, 100 do
        local needed = votes.needed(threshold, members)
        t:expect(needed * 100 >= threshold * members and (needed - 1) * 100 < threshold * members)
      end
    end
  end)
end)
