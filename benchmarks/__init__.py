"""What does alft cost, and is that as little as it could be? ``make bench`` measures, against what others would use."""
