"""What an explanation is made of: removals, carriers, faithfulness, what-if, neighbours, a page."""
