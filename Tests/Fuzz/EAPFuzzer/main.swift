import FuzzDriver

fuzz(testOneInput)
