"""The exercises of the lecture: what is asked, the answer, typical mistakes, and how an answer is judged.

They stand apart from the lessons, so that an answer is judged at once, without running the lesson again.
"""
