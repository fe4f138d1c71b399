// Linux interfaces that Swift cannot import by itself: ioctl numbers, control messages, function-like macros.
#pragma once
